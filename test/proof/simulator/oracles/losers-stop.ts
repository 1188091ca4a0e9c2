import type { History, Run } from '../history.js';
import { serverName } from '../sim-server.js';
import { tasksOf } from './tasks-of.js';
import type { TaskLife } from './tasks-of.js';

/** Answers on their way, in milliseconds. */
const slackMs = 4_000;

/** A run whose task was ended by others ends with LeaseLostError, or well if a person cancelled it, as soon as it can know. */
export function* losersStop(history: History): Generator<string> {
  for (const life of tasksOf(history)) {
    const { run, end } = life;
    if (run === undefined || life.isReopened || run.process.hasCrashed) continue;
    if (end === null || end.sender === run.process.name) yield* endsAsItsRow(life, run);
    else yield* stops(history, life, run);
  }
}

function* stops(history: History, { id, worker, end }: TaskLife, run: Run): Generator<string> {
  const { plan, troubles, endedAt } = history;
  const { name } = run.process;
  // A beat is due within an interval, and after a failed one within another.
  const knowsMs = 2 * plan.intervalMs + slackMs;
  const by = troubles.firstCalm([name, serverName], knowsMs, (end?.at ?? 0) + knowsMs);
  if (by > endedAt) return;
  if (run.settledAt > by) yield `${worker} lost task ${id} at ${Math.round(end?.at ?? 0)} ms and went on`;
  const isCancelled = end?.detail === 'stopped';
  // One that had not begun, or was told to end, may have given up on its database.
  const may = ['LeaseLostError', 'DatabaseUnreachableError', ...(isCancelled ? ['done'] : [])];
  if (run.settledAt > (end?.at ?? 0) && !may.includes(String(run.outcome))) {
    yield `${worker} lost task ${id} (${String(end?.detail)}) and ended with ${String(run.outcome)}`;
  }
}

/** A run that says that it is done has ended its task itself. */
function* endsAsItsRow({ id, worker, end }: TaskLife, run: Run): Generator<string> {
  if (run.outcome === 'done' && end?.status !== 1) yield `${worker} says that it is done, task ${id} does not`;
}
