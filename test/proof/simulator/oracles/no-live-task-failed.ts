import type { History } from '../history.js';
import type { LedgerRow } from '../ledger.js';
import { clockName, serverName } from '../sim-server.js';
import { deadSince, tasksOf } from './tasks-of.js';

/**
 * A task that a monitor failed could really not be heard: within the last three of its intervals its process was dead,
 * hung, suspended, or cut off from a server that others could reach. That the server itself was away, however long and
 * often, or that a clock was wrong or jumped, is no excuse.
 */
export function* noLiveTaskFailed(history: History): Generator<string> {
  const { plan, troubles } = history;
  for (const life of tasksOf(history)) {
    const { end, run } = life;
    if (end?.detail !== 'timeout' || life.isReopened || run === undefined) continue;
    const { name } = run.process;
    if (
      deadSince(life) <= end.at ||
      couldNotKnow(history, end) ||
      troubles.within([name], end.at - 3 * plan.intervalMs, end.at)
    )
      continue;
    const silentMs = Math.round(end.at - life.lastSignAt);
    yield `task ${life.id} of ${life.worker} lived and was failed at ${Math.round(end.at)} ms, ${silentMs} ms after its last sign of life`;
  }
}

/** How soon after a monitor's start an outage must be over for it to see nothing of it, in milliseconds. */
const unseenMs = 2_100;

/** A monitor checks as soon as it starts, and has no way to know of what was all but over by then. */
function couldNotKnow({ plan, monitors, troubles }: History, end: LedgerRow): boolean {
  const startedAt = monitors.get(end.sender) ?? -Infinity;
  const whos = [serverName, clockName];
  const wasBefore = troubles.within(whos, end.at - 3 * plan.intervalMs, startedAt + unseenMs);
  return wasBefore && !troubles.within(whos, startedAt + unseenMs, end.at);
}
