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
  readonly signal: AbortSignal;
}

/** How long a run that was told to stop waits for a database that is away, in milliseconds. */
const patienceMs = 5_000;

/**
 * Ends a task, once. Where the answer was lost the row is looked up. Throws LeaseLostError where somebody else had ended
 * it, DatabaseUnreachableError where the database stays away while the run shall stop.
 */
export async function finishTask(parts: FinishParts, outcome: Outcome, progress: Progress): Promise<Task> {
  const { tasks, heartbeat } = parts;
  const patience = new AbortController();
  const limited = limitPatience(parts, patience.signal);
  try {
    for (;;) {
      try {
        const finished = await tasks.finish(heartbeat.taskId, outcome, progress);
        const task = await tasks.get(heartbeat.taskId);
        if (finished || isOurs(task, outcome)) return task;
        throw new LeaseLostError(`task ${task.id} had been ended already`);
      } catch (error) {
        if (!(error instanceof DatabaseUnreachableError)) throw error;
        await waitForDatabase(parts, limited, error);
      }
    }
  } finally {
    patience.abort();
  }
}

/** The task may have been ended by the very statement whose answer was lost: then it can't be renewed, and is looked up. */
async function waitForDatabase(parts: FinishParts, limited: AbortSignal, cause: Error): Promise<void> {
  try {
    await parts.heartbeat.recover(limited);
  } catch (error) {
    if (error instanceof LeaseLostError) return;
    throw cause;
  }
}

function isOurs(task: Task, outcome: Outcome): boolean {
  return task.status === outcome.status && task.endReason === outcome.endReason && task.error === outcome.error;
}

function limitPatience({ clock, stopping, signal }: FinishParts, done: AbortSignal): AbortSignal {
  const limit = new AbortController();
  const begin = (): void => {
    clock.sleep(patienceMs, done).then(
      () => limit.abort(),
      () => undefined,
    );
  };
  if (stopping.aborted) begin();
  else stopping.addEventListener('abort', begin, { once: true, signal: done });
  return AbortSignal.any([limit.signal, signal]);
}
