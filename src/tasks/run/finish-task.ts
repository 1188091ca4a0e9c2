import type { Delivered, TaskOutcome, TaskStore } from '../../database/tasks/task-store.js';
import type { RunRequest } from '../../model/run-request.js';
import type { Holder, Progress, Task } from '../../model/task.js';
import { isHeldBy } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import { DatabaseUnreachableError, LeaseLostError } from '../../runtime/errors.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import { patienceMs } from '../lease/until-answered.js';
import type { Heartbeat } from './heartbeat.js';

export interface FinishParts {
  readonly tasks: TaskStore;
  /** This process, as the task's row names it. */
  readonly worker: Holder;
  readonly heartbeat: Heartbeat;
  readonly clock: Clock;
  /** Aborted when the run shall end soon: then an absent database is waited for only briefly. */
  readonly stopping: AbortSignal;
  /** Where several tasks of this process are handed over together; left out: each by itself. */
  readonly handOvers?: Pick<TaskStore, 'handOver'> | undefined;
  /** What the task is to be gone on with by another that waits for it; left out: nothing. */
  readonly successor?:
    { readonly pipelineId: number; readonly shard?: number; readonly request: RunRequest } | undefined;
  /** What it has done for the sinks of its pipeline: what they are asked beyond that another task does; left out: nothing. */
  readonly delivered?: Delivered | undefined;
}

/**
 * Ends a task, once. Where the answer was lost the row is looked up. Throws LeaseLostError where somebody else had ended
 * it, DatabaseUnreachableError where the database stays away while the run shall stop.
 */
export async function finishTask(parts: FinishParts, outcome: TaskOutcome, progress: Progress): Promise<Task> {
  const { clock, stopping, heartbeat } = parts;
  const reason = (): Error => tooLong(heartbeat.taskId);
  heartbeat.ending();
  // A server that is frozen answers nothing at all, not even that it is away.
  return await giveUpLater({ clock, after: stopping, delayMs: patienceMs, reason }, (givenUp) =>
    endAtLast(parts, outcome, progress, givenUp()),
  );
}

async function endAtLast(
  parts: FinishParts,
  outcome: TaskOutcome,
  progress: Progress,
  givenUp: AbortSignal,
): Promise<Task> {
  const { tasks, heartbeat } = parts;
  for (;;) {
    try {
      const finished = await end(parts, outcome, progress);
      const task = await tasks.get(heartbeat.taskId);
      if (finished || isOurs(task, parts, outcome)) return task;
      throw new LeaseLostError(`task ${task.id} had been ended already, or is another process's`);
    } catch (error) {
      if (!(error instanceof DatabaseUnreachableError)) throw error;
      await waitForDatabase(heartbeat, error, givenUp);
    }
  }
}

function end(parts: FinishParts, outcome: TaskOutcome, progress: Progress): Promise<boolean> {
  const { tasks, heartbeat, successor, delivered, handOvers = tasks } = parts;
  const { taskId: id } = heartbeat;
  if (successor === undefined) return tasks.finish(id, outcome, progress, delivered);
  return handOvers.handOver({ id, progress, ...successor });
}

/** The task may have been ended by the very statement whose answer was lost: then it can't be renewed, and is looked up. */
async function waitForDatabase(heartbeat: Heartbeat, cause: Error, givenUp: AbortSignal): Promise<void> {
  try {
    await heartbeat.recover(cause, givenUp);
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error;
  }
}

/** What is kept of an error need not be all of it, nor, where the database can't hold some character, the same. */
function isOurs(task: Task, { worker }: FinishParts, { status, endReason }: TaskOutcome): boolean {
  return isHeldBy(task, worker) && task.status === status && task.endReason === endReason;
}

function tooLong(taskId: number): DatabaseUnreachableError {
  return new DatabaseUnreachableError(`the database can't be reached, and task ${taskId} could not be ended`, {
    hint: `task ${taskId} looks as if it ran until a monitor or the next run ends it`,
  });
}
