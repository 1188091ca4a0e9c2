import type { History } from '../history.js';
import { tasksOf } from './tasks-of.js';

/** A task ends once; what has ended is never written again; and of a timeout exactly one monitor tells, once. */
export function* oneEnd(history: History): Generator<string> {
  const reopened = new Set(tasksOf(history).flatMap(({ id, isReopened }) => (isReopened ? [id] : [])));
  for (const row of history.ledger) {
    if (row.kind !== 'change' || row.old_status === 0 || reopened.has(row.task ?? 0)) continue;
    yield `${row.sender} wrote to task ${String(row.task)}, which had ended (status ${String(row.old_status)} -> ${String(row.status)})`;
  }
  yield* toldOnce(history, reopened);
}

function* toldOnce(history: History, reopened: ReadonlySet<number>): Generator<string> {
  const times = new Map<number, number>();
  for (const { taskId } of history.told) times.set(taskId, (times.get(taskId) ?? 0) + 1);
  for (const { id, end } of tasksOf(history)) {
    const expected = end?.detail === 'timeout' ? 1 : 0;
    const told = times.get(id) ?? 0;
    // A monitor that died between the two can't tell any more.
    const isMute = history.processes.get(end?.sender ?? '')?.hasCrashed === true;
    if (told !== expected && !reopened.has(id) && !(isMute && told === 0))
      yield `monitors told ${told} times that task ${id} timed out, not ${expected}`;
  }
}
