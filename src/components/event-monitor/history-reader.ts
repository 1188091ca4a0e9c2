import { BatchCutter } from '../../chain/logs/batch-cutter.js';
import type { LogDecoder } from '../../chain/abi/decoder.js';
import { LogPrefetcher } from '../../chain/logs/log-prefetcher.js';
import type { RangeReader } from '../../chain/blocks/range-reader.js';
import { readRangeOf } from '../../chain/blocks/read-range.js';
import type { ReadRange } from '../../chain/blocks/read-range.js';
import type { EventBatch } from '../../model/batch.js';
import type { BlockRange, BlockRef } from '../../model/block.js';
import type { Call } from '../../runtime/call.js';
import type { Clock } from '../../runtime/clock.js';

interface HistoryReaderOptions {
  readonly logs: RangeReader;
  readonly decoder: LogDecoder;
  readonly clock: Clock;
  readonly moved: Call['moved'];
}

/**
 * Says, of ranges that have just been read behind a block (null: the first ones), whether the chain was begun anew below them. `former`:
 * the range that was read before them; null where there was none.
 */
export type LookBack = (
  before: BlockRef | null,
  ranges: readonly ReadRange[],
  former: ReadRange | null,
) => Promise<boolean>;

/** A batch that is made, and what a look back says once it is. */
interface Ahead {
  readonly batch: Promise<EventBatch | null>;
  readonly isBegunAnew: Promise<boolean>;
}

/** What is read from one block on, range by range, until it is given up. */
interface Reading {
  readonly cutter: BatchCutter;
  /** The ranges that were taken for the batch in the making, and the last one that was taken before. */
  taken: ReadRange[];
  former: ReadRange | null;
}

/** Reads settled blocks, a batch ahead of whoever commits them: while one is committed the next is made. */
export class HistoryReader {
  readonly #options: HistoryReaderOptions;
  readonly #prefetcher: LogPrefetcher;
  /** What follows the batch that was handed out last; null where it has not been begun. */
  #ahead: Ahead | null = null;
  #isBegunAnew = Promise.resolve(false);
  #reading: Reading | null = null;
  /** The block behind the batch that was handed out last. */
  #next = -1;
  #end = -1;
  #forgettable = -1;

  constructor(options: HistoryReaderOptions) {
    this.#options = options;
    this.#prefetcher = new LogPrefetcher({ source: options.logs, moved: options.moved });
  }

  /** Whether the chain was begun anew below the batch that was handed out last; while that is not known more is read. */
  get isBegunAnew(): Promise<boolean> {
    void this.#prefetcher.readOnUntil(this.#isBegunAnew);
    return this.#isBegunAnew;
  }

  /**
   * Returns the batch that begins with a range, which must be settled to its end, behind the block `before` (null: unknown), and begins to
   * make the next one. Of each it is asked whether the chain was begun anew, while others are made. Throws what LogSource throws.
   */
  async next(
    { before = null, ...range }: BlockRange & { readonly before?: BlockRef | null },
    forgettable: number,
    signal: AbortSignal,
    lookBack: LookBack = () => Promise.resolve(false),
  ): Promise<EventBatch> {
    this.#end = Math.max(range.to, this.#end);
    this.#forgettable = forgettable;
    if (range.from !== this.#next || this.#reading === null) this.#begin(range, before, signal);
    const ahead = this.#ahead ?? this.#cut(null, lookBack);
    const batch = await this.#awaited(ahead.batch);
    this.#isBegunAnew = ahead.isBegunAnew;
    this.#next = batch.toBlock + 1;
    const last = { number: batch.toBlock, hash: batch.toHash };
    this.#ahead = this.#next <= this.#end ? this.#cut(last, lookBack) : null;
    return batch;
  }

  /** Gives up what has been read ahead. */
  close(): void {
    this.#reading = null;
    this.#ahead = null;
    this.#prefetcher.drop();
  }

  #begin({ from, to }: BlockRange, before: BlockRef | null, signal: AbortSignal): void {
    const { decoder, clock } = this.#options;
    const prefetcher = this.#prefetcher;
    this.close();
    this.#end = to;
    let position = from;
    let last = before;
    const feed = {
      get isReady(): boolean {
        return prefetcher.isReady;
      },
      next: async () => {
        // One that was given up while it decoded must not take from the one that follows.
        if (this.#reading !== reading) throw new Error('given up');
        if (position > this.#end) return null;
        const fetched = await prefetcher.next({ from: position, to: this.#end, before: last }, signal);
        position = fetched.to + 1;
        last = fetched.last;
        reading.taken.push(readRangeOf(fetched));
        return fetched;
      },
    };
    const cutter = new BatchCutter({ feed, decoder, clock, forgettable: () => this.#forgettable });
    const reading: Reading = { cutter, taken: [], former: null };
    this.#reading = reading;
  }

  #cut(before: BlockRef | null, lookBack: LookBack): Ahead {
    const reading = this.#reading;
    const batch = reading?.cutter.next() ?? Promise.resolve(null);
    // Asked for once all of it was read: what was read later may be of another chain.
    const isBegunAnew = batch.then((made) => {
      if (made === null || reading === null) return false;
      const { taken, former } = reading;
      reading.taken = [];
      reading.former = taken.at(-1) ?? former;
      return lookBack(before, taken, former);
    });
    // Who comes for it hears what went wrong; perhaps nobody comes any more.
    batch.catch(() => undefined);
    isBegunAnew.catch(() => undefined);
    return { batch, isBegunAnew };
  }

  async #awaited(ahead: Promise<EventBatch | null>): Promise<EventBatch> {
    try {
      const batch = await ahead;
      if (batch === null) throw new RangeError('there is nothing to read');
      return batch;
    } catch (error) {
      this.close();
      throw error;
    }
  }
}
