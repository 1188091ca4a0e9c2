import type { TaskStore } from '../../database/tasks/task-store.js';
import { hasEnded, type Task } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import { DatabaseUnreachableError } from '../../runtime/errors.js';
import type { LogTail } from '../../runtime/log-tail.js';

/** How long to wait for more lines, in milliseconds. */
const pollMs = 500;

/** How often the task is looked at, in milliseconds. */
const statusPollMs = 1_000;

/** How long a process that has ended its task may still write its last lines, in milliseconds. */
const farewellMs = 1_000;

interface FollowOptions {
  readonly store: TaskStore;
  readonly id: number;
  readonly clock: Clock;
  /** Aborted when nobody reads on. */
  readonly over: AbortSignal;
}

/** Yields the pieces of a task's log, those that are added to it, too, until the task has ended. */
export async function* followTaskLog(
  log: LogTail,
  { store, id, clock, over }: FollowOptions,
): AsyncGenerator<Buffer, void> {
  let askAt = -Infinity;
  for (let isLast = false; ;) {
    yield* log.pieces(over);
    if (isLast || over.aborted) return;
    if (clock.monotonic() >= askAt) {
      const task = await lookAtTask(store, id);
      isLast = task !== null && hasEnded(task);
      askAt = clock.monotonic() + statusPollMs;
    }
    await clock.sleep(isLast ? farewellMs : pollMs, over).catch(() => undefined);
  }
}

/** Null: a database that is away says nothing about the task, whose log goes on. */
export async function lookAtTask(store: TaskStore, id: number): Promise<Task | null> {
  try {
    return await store.get(id);
  } catch (error) {
    if (error instanceof DatabaseUnreachableError) return null;
    throw error;
  }
}
