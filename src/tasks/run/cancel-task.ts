import type { TaskStore } from '../../database/tasks/task-store.js';
import { statusName, type Task } from '../../model/task.js';
import { ConflictError } from '../../runtime/errors.js';

/** A task before and after it was cancelled. */
export interface Cancelled {
  readonly before: Task;
  readonly after: Task;
}

/** Stops a task that runs or waits; throws NotFoundError, and ConflictError where it has ended already. */
export async function cancelTask(store: Pick<TaskStore, 'get' | 'cancel'>, id: number): Promise<Cancelled> {
  const before = await store.get(id);
  const isCancelled = await store.cancel(id);
  const after = await store.get(id);
  if (isCancelled) return { before, after };
  const reason = after.endReason === null ? '' : ` (${after.endReason})`;
  throw new ConflictError(`task ${id} has ended already: ${statusName(after.status)}${reason}`, {
    hint: `chainparse tasks show ${id}`,
  });
}
