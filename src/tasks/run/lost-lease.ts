import type { Database } from '../../database/database.js';
import { ShardGoneError } from '../../database/events/shard-rows.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { TaskStore } from '../../database/tasks/task-store.js';
import { isHeldBy, taskStatus } from '../../model/task.js';
import type { Holder, Task } from '../../model/task.js';
import { LeaseLostError, NotFoundError, PipelineDeletedError } from '../../runtime/errors.js';

interface LostLease {
  readonly tasks: TaskStore;
  readonly database: Database;
  readonly pipelineId: number;
  readonly taskId: number;
  /** This process, as the task's row names it. */
  readonly worker: Holder;
}

/** How ends are called that a person has asked for. */
const byPeople: Readonly<Record<string, string>> = { stopped: 'cancelled', handed_over: 'handed over' };

/**
 * Looks up why a run has lost its task. Returns the task and what its end is called where a person ended it, or null for that
 * where it runs on and nothing of its shard was left to be read. Throws PipelineDeletedError where its pipeline is gone, else
 * LeaseLostError, which says who ended it.
 */
export async function explainLoss(
  error: LeaseLostError,
  lost: LostLease,
): Promise<{ readonly task: Task; readonly byPerson: string | null }> {
  const { tasks, taskId, pipelineId, worker } = lost;
  const task = await tasks.get(taskId).catch(async (unread: unknown) => {
    throw unread instanceof NotFoundError ? await goneWith(error, lost) : error;
  });
  const isOurs = isHeldBy(task, worker);
  // It has joined, or the task would have been ended with it.
  if (error instanceof ShardGoneError && isOurs && task.status === taskStatus.running) return { task, byPerson: null };
  const byPerson = isOurs && task.status === taskStatus.succeeded ? byPeople[task.endReason ?? ''] : undefined;
  if (byPerson !== undefined) return { task, byPerson };
  throw new LeaseLostError(`task ${task.id} lost its lease on pipeline ${pipelineId}${reasonOfLoss(task, isOurs)}`, {
    hint: `chainparse tasks list --pipeline ${pipelineId}`,
    cause: error,
  });
}

/** Returns what says that the pipeline of a task that is no more was deleted; `cause` where it is there, or nobody can know. */
async function goneWith(cause: LeaseLostError, { database, pipelineId, taskId }: LostLease): Promise<LeaseLostError> {
  const deleted = `pipeline ${pipelineId} was deleted, and task ${taskId} with it`;
  return new PipelineStore(database).isDisabled(pipelineId).then(
    () => cause,
    (error: unknown) => (error instanceof NotFoundError ? new PipelineDeletedError(deleted, { cause }) : cause),
  );
}

/** A task that is not ours has the id that ours had: the database has forgotten that we claimed it. */
function reasonOfLoss({ endReason, error }: Task, isOurs: boolean): string {
  if (!isOurs) return ': a database that was promoted without its claim has given its id to another process';
  return endReason === null ? '' : ` (${endReason}${error === null ? '' : `: ${error}`})`;
}
