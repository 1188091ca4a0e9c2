import type { LivingWorker } from '../../database/operations/worker-store.js';
import type { QueuedTask } from '../../database/tasks/task-queue.js';

/**
 * Deals tasks that wait to the workers that live, each to the one that is least full by then, and returns those that fall to
 * one of them. Every worker that looks deals the same, so that none reaches for what another takes.
 */
export function dealTasks(
  tasks: readonly QueuedTask[],
  workers: readonly LivingWorker[],
  to: number,
): readonly QueuedTask[] {
  const loads = workers.map(({ id, running, concurrency }) => ({ id, taken: running, places: concurrency }));
  return tasks.filter(() => {
    const next = loads.filter(({ taken, places }) => taken < places).toSorted(byFullness)[0];
    if (next === undefined) return false;
    next.taken += 1;
    return next.id === to;
  });
}

function byFullness(a: Load, b: Load): number {
  return a.taken / a.places - b.taken / b.places || b.places - a.places || a.id - b.id;
}

interface Load {
  readonly id: number;
  readonly taken: number;
  readonly places: number;
}
