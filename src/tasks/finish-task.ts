import type { Outcome, TaskStore } from '../database/task-store.js';
import type { Progress, Task } from '../model/task.js';
import type { Clock } from '../runtime/clock.js';
import { DatabaseUnreachableError, LeaseLostError } from '../runtime/errors.js';
import type { Heartbeat } from './heartbeat.js';

export interface FinishParts {
  readonly tasks: TaskStore;
  readonly heartbeat: Heartbeat;
  readonly clock: Clock;
  /** Aborted when the run shall end soon: then an absent database is waited for only briefly. */
  readonly stopping: AbortSignal;
}

/** How long a run that was told to stop waits for a database that is away, in milliseconds. */
const patienceMs = 4_000;

/**
 * Ends a task, once. Where the answer was lost the row is looked up. Throws LeaseLostError where somebody else had ended
 * it, DatabaseUnreachableError where the database stays away while the run shall stop.
 */
export async function finishTask(parts: FinishParts, outcome: Outcome, progress: Progress): Promise<Task> {
  const done = new AbortController();
  const impatient = limitPatience(parts, done.signal);
  try {
    // A server that is frozen answers nothing at all, not even that it is away.
    return await Promise.race([endAtLast(parts, outcome, progress, impatient), rejectionBy(impatient)]);
  } finally {
    done.abort();
  }
}

async function endAtLast(
  parts: FinishParts,
  outcome: Outcome,
  progress: Progress,
  impatient: AbortSignal,
): Promise<Task> {
  const { tasks, heartbeat } = parts;
  for (;;) {
    try {
      const finished = await tasks.finish(heartbeat.taskId, outcome, progress);
      const task = await tasks.get(heartbeat.taskId);
      if (finished || isOurs(task, outcome)) return task;
      throw new LeaseLostError(`task ${task.id} had been ended already`);
    } catch (error) {
      if (!(error instanceof DatabaseUnreachableError)) throw error;
      await waitForDatabase(heartbeat, impatient);
    }
  }
}

/** The task may have been ended by the very statement whose answer was lost: then it can't be renewed, and is looked up. */
async function waitForDatabase(heartbeat: Heartbeat, impatient: AbortSignal): Promise<void> {
  try {
    await heartbeat.recover(impatient);
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error;
  }
}

function isOurs(task: Task, outcome: Outcome): boolean {
  return task.status === outcome.status && task.endReason === outcome.endReason && task.error === outcome.error;
}

/** Returns a signal that is aborted, with a DatabaseUnreachableError, some seconds after the run was told to stop. */
function limitPatience({ clock, stopping, heartbeat }: FinishParts, done: AbortSignal): AbortSignal {
  const limit = new AbortController();
  const begin = (): void => {
    clock.sleep(patienceMs, done).then(
      () => limit.abort(tooLong(heartbeat.taskId)),
      () => undefined,
    );
  };
  if (stopping.aborted) begin();
  else stopping.addEventListener('abort', begin, { once: true, signal: done });
  return limit.signal;
}

function tooLong(taskId: number): DatabaseUnreachableError {
  return new DatabaseUnreachableError(`the database can't be reached, and task ${taskId} could not be ended`, {
    hint: `task ${taskId} looks as if it ran until a monitor or the next run ends it`,
  });
}

function rejectionBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
