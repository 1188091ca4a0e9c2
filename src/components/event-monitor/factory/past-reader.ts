import type { ChainHead } from '../../../chain/blocks/head-reader.js';
import { NodeLagsError } from '../../../chain/blocks/consistency.js';
import type { LogFilter } from '../../../model/log-filter.js';
import type { ReadStretch } from '../../../chain/blocks/read-stretch.js';
import { LogPrefetcher } from '../../../chain/logs/log-prefetcher.js';
import type { FetchedRange, RangeReader } from '../../../chain/blocks/range-reader.js';
import type { BlockRange } from '../../../model/block.js';
import type { Call } from '../../../runtime/call.js';

/** Where the blocks that are read hang on the chain, and where the chain stands. */
export interface Standpoint {
  readonly stretch: Pick<ReadStretch, 'first' | 'next' | 'last' | 'agreesWith'>;
  readonly head: Pick<ChainHead, 'settled' | 'latest'>;
}

interface PastReaderOptions {
  readonly openLogs: (filter: LogFilter) => RangeReader;
  readonly moved: Call['moved'];
}

/** Reads blocks that lie behind: settled ones ahead of who takes them, others only as the remembered hashes tell them. */
export class PastReader {
  readonly #options: PastReaderOptions;

  constructor(options: PastReaderOptions) {
    this.#options = options;
  }

  /** Gives a range piece by piece, in order; throws NodeLagsError where a block is not the one that was read. */
  async *read(
    filter: LogFilter,
    { from, to }: BlockRange,
    { stretch, head }: Standpoint,
    signal: AbortSignal,
  ): AsyncGenerator<FetchedRange, void, undefined> {
    const { openLogs, moved } = this.#options;
    const source = openLogs(filter);
    const ahead = new LogPrefetcher({ source, moved });
    const settledTo = Math.min(to, head.settled);
    try {
      let next = from;
      // What follows the last block that was read must hang on it: a portal alone may show another chain for a while.
      const before = stretch.last?.number === from - 1 ? stretch.last : null;
      while (next <= settledTo) {
        const fetched = await ahead.next({ from: next, to: settledTo, before }, signal);
        yield fetched;
        next = fetched.to + 1;
      }
      while (next <= to) {
        const fetched = await source.fetch({ from: next, to }, { verified: true, moved, signal });
        if (!stretch.agreesWith(fetched.headers))
          throw new NodeLagsError(`blocks ${next} to ${fetched.to} were replaced`);
        yield fetched;
        next = fetched.to + 1;
      }
    } finally {
      ahead.drop();
    }
  }
}
