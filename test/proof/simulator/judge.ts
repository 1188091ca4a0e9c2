import type { History } from './history.js';
import { losersStop } from './oracles/losers-stop.js';
import { noLiveTaskFailed } from './oracles/no-live-task-failed.js';
import { noStaleCommit } from './oracles/no-stale-commit.js';
import { oneEnd } from './oracles/one-end.js';
import { rowsAtVersions } from './oracles/rows-at-versions.js';
import { theDeadAreFailed } from './oracles/the-dead-are-failed.js';

/** Asks every oracle; returns what is wrong with a history. None of them asks the code that it judges. */
export function judge(history: History): readonly string[] {
  return [
    ...history.surprises,
    ...noStaleCommit(history),
    ...noLiveTaskFailed(history),
    ...theDeadAreFailed(history),
    ...oneEnd(history),
    ...losersStop(history),
    ...rowsAtVersions(history.ledger, history.journal, history.plan.hasSinks),
  ];
}
