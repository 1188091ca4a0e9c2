import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { bloomTestOf } from '../blocks/bloom.js';
import { matcherOf } from '../blocks/log-filter.js';
import type { LogFilter } from '../blocks/log-filter.js';

interface Tests {
  readonly isWanted: (log: RawLog) => boolean;
  readonly mayHold: (bloom: string | undefined) => boolean;
}

/** Filters are made once for a run, and their bits in a bloom filter cost a hash each. */
const testsOf = new WeakMap<LogFilter, Tests>();

/**
 * Returns the blocks of which an answer holds nothing for one of the filters by which it was asked for, though their
 * bloom filters tell of something: each filter has a request of its own, and another node may have answered it.
 */
export function doubtfulBlocks(
  headers: readonly BlockHeader[],
  logs: readonly RawLog[],
  filters: readonly LogFilter[],
): readonly BlockHeader[] {
  const checks = filters.map((filter) => {
    const { isWanted, mayHold } = memoised(filter);
    const found = filters.length === 1 ? logs : logs.filter(isWanted);
    return { told: new Set(found.map((log) => log.blockNumber)), mayHold };
  });
  return headers.filter(({ number, logsBloom }) =>
    checks.some(({ told, mayHold }) => !told.has(number) && mayHold(logsBloom)),
  );
}

function memoised(filter: LogFilter): Tests {
  const known = testsOf.get(filter);
  if (known !== undefined) return known;
  const tests = { isWanted: matcherOf(filter), mayHold: bloomTestOf(filter) };
  testsOf.set(filter, tests);
  return tests;
}
