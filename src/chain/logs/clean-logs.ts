import type { BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { Inconsistency } from '../blocks/consistency.js';

/** The logs of a range in order, each once, and what was wrong with the rest. */
interface CleanLogs {
  readonly logs: readonly RawLog[];
  /** Logs that nobody asked for: out of the range, of another address or topic. */
  readonly strays: number;
  /** Logs of blocks that the chain had already replaced. */
  readonly removed: number;
}

/** Sorts logs by block and index; drops repeated, removed and unasked ones. Throws Inconsistency where two tell one log otherwise. */
export function cleanLogs(logs: readonly RawLog[], range: BlockRange, isWanted: (log: RawLog) => boolean): CleanLogs {
  if (areClean(logs, range, isWanted)) return { logs, strays: 0, removed: 0 };
  const asked = logs.filter((log) => log.blockNumber >= range.from && log.blockNumber <= range.to && isWanted(log));
  const standing = asked.filter((log) => !log.removed);
  return {
    logs: dropRepeats(standing.sort(byPosition)),
    strays: logs.length - asked.length,
    removed: asked.length - standing.length,
  };
}

/** Nearly all answers are as they should be: to see that takes one look at each log, and no other list of them. */
function areClean(logs: readonly RawLog[], { from, to }: BlockRange, isWanted: (log: RawLog) => boolean): boolean {
  let [block, index] = [from, -1];
  for (const log of logs) {
    const { blockNumber, logIndex } = log;
    if (blockNumber < block || blockNumber > to || log.removed) return false;
    if (blockNumber === block && logIndex <= index) return false;
    if (!isWanted(log)) return false;
    block = blockNumber;
    index = logIndex;
  }
  return true;
}

function byPosition(a: RawLog, b: RawLog): number {
  return a.blockNumber - b.blockNumber || a.logIndex - b.logIndex || a.transactionIndex - b.transactionIndex;
}

/** Some nodes number the logs of each transaction anew: only the same transaction's log of the same index is a repeat. */
function dropRepeats(sorted: readonly RawLog[]): RawLog[] {
  const kept: RawLog[] = [];
  for (const log of sorted) {
    let at = kept.length - 1;
    while (at >= 0 && samePlace(kept[at], log) && kept[at]?.transactionHash !== log.transactionHash) at--;
    const first = at < 0 || !samePlace(kept[at], log) ? undefined : kept[at];
    if (first?.blockHash !== log.blockHash) kept.push(log);
    else if (contentOf(first) !== contentOf(log))
      throw new Inconsistency(`log ${log.logIndex} of block ${log.blockNumber} is told in two ways`, log.blockNumber);
  }
  return kept;
}

function contentOf({ address, data, topics }: RawLog): string {
  return [address, data, ...topics].join(' ');
}

function samePlace(a: RawLog | undefined, b: RawLog): boolean {
  return a?.blockNumber === b.blockNumber && a.logIndex === b.logIndex;
}
