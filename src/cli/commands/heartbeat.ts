import type { Database } from '../../database/database.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import { taskToJson } from '../../model/task-json.js';
import { statusName, taskStatus, type Task } from '../../model/task.js';
import { DatabaseUnreachableError, LeaseLostError } from '../../runtime/errors.js';
import { heartbeatSent, writeLine } from '../../texts/log-lines.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import type { CommandContext } from '../context/context.js';
import type { CommandBody } from '../command-line/command.js';

/** Commands about the heartbeat itself. */
export const command: CommandBody = {
  commands: [
    {
      name: 'test',
      summary: 'prove the mechanism against the database, in rows of its own; leaves nothing behind',
      load: () => import('./heartbeat-test.js'),
    },
    {
      name: 'send',
      summary: 'renew the lease of a running task once',
      arguments: [{ name: 'id', description: "the task's id", kind: 'task' }],
      action: sendHeartbeat,
    },
  ],
};

interface IdOption {
  readonly id: number;
}

/** How long the database may take for all of it, in milliseconds: whoever waits for this command must beat again. */
const patienceMs = 10_000;

/** Renews the lease of a task once and prints its new heartbeat; throws LeaseLostError where it is not running. */
async function sendHeartbeat(context: CommandContext, { id }: IdOption): Promise<void> {
  const { output, settings, logger, clock } = context;
  const database = await context.database();
  const after = AbortSignal.abort();
  const task = await giveUpLater({ clock, after, delayMs: patienceMs, reason: noAnswer }, () => beat(database, id));
  writeLine(logger, heartbeatSent(settings.lang, { taskId: id, pipelineId: task.pipelineId }));
  if (output.isJson) return output.json(taskToJson(task, { timeoutMinutes: settings.taskTimeoutMinutes }));
  await output.line(task.lastHeartbeat ?? '');
}

async function beat(database: Database, id: number): Promise<Task> {
  await requireMigrated(database);
  const tasks = new TaskStore(database);
  const lost = await tasks.renew([{ taskId: id, progress: null }]);
  const task = await tasks.get(id);
  if (lost.length === 0) return task;
  throw new LeaseLostError(describeLoss(task), { hint: 'end its run: whatever it still holds must not be written' });
}

function describeLoss({ id, status, endReason, error }: Task): string {
  if (status === taskStatus.queued) return `task ${id} is not running: it waits for a worker`;
  const reason = endReason === null ? '' : ` (${endReason}${error === null ? '' : `: ${error}`})`;
  return `task ${id} is no longer running: ${statusName(status)}${reason}`;
}

function noAnswer(): DatabaseUnreachableError {
  return new DatabaseUnreachableError(`the database did not answer within ${patienceMs / 1_000} s`, {
    hint: 'the beat may have landed or not: send it again',
  });
}
