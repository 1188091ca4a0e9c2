import { BatchCutter } from '../../chain/logs/batch-cutter.js';
import type { LogDecoder } from '../../chain/abi/decoder.js';
import { LogPrefetcher } from '../../chain/logs/log-prefetcher.js';
import type { RangeSource } from '../../chain/logs/log-source.js';
import type { EventBatch } from '../../model/batch.js';
import type { BlockRange } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';

interface HistoryReaderOptions {
  readonly logs: RangeSource;
  readonly decoder: LogDecoder;
  readonly clock: Clock;
  /** Tells that the node has answered. */
  readonly moved: () => Promise<void>;
}

/** Reads settled blocks, a batch ahead of whoever commits them: while one is committed the next is made. */
export class HistoryReader {
  readonly #options: HistoryReaderOptions;
  readonly #prefetcher: LogPrefetcher;
  /** What follows the batch that was handed out last; null where it has not been begun. */
  #ahead: Promise<EventBatch | null> | null = null;
  #cutter: BatchCutter | null = null;
  /** The block behind the batch that was handed out last. */
  #next = -1;
  #end = -1;
  #forgettable = -1;

  constructor(options: HistoryReaderOptions) {
    this.#options = options;
    this.#prefetcher = new LogPrefetcher({ source: options.logs, answered: options.moved });
  }

  /**
   * Returns the batch that begins with a range, which must be settled to its end, and begins to make the next one. Throws
   * what LogSource throws.
   */
  async next(range: BlockRange, forgettable: number, signal: AbortSignal): Promise<EventBatch> {
    this.#end = Math.max(range.to, this.#end);
    this.#forgettable = forgettable;
    if (range.from !== this.#next || this.#cutter === null) this.#begin(range, signal);
    const batch = await this.#awaited(this.#ahead ?? this.#cut());
    this.#next = batch.toBlock + 1;
    this.#ahead = this.#next <= this.#end ? this.#cut() : null;
    return batch;
  }

  /** Gives up what has been read ahead. */
  close(): void {
    this.#cutter = null;
    this.#ahead = null;
    this.#prefetcher.drop();
  }

  #begin({ from, to }: BlockRange, signal: AbortSignal): void {
    const { decoder, clock } = this.#options;
    const prefetcher = this.#prefetcher;
    this.close();
    this.#end = to;
    let position = from;
    const feed = {
      get isReady(): boolean {
        return prefetcher.isReady;
      },
      next: async () => {
        // One that was given up while it decoded must not take from the one that follows.
        if (this.#cutter !== cutter) throw new Error('given up');
        if (position > this.#end) return null;
        const fetched = await prefetcher.next({ from: position, to: this.#end }, signal);
        position = fetched.to + 1;
        return fetched;
      },
    };
    const cutter = new BatchCutter({ feed, decoder, clock, forgettable: () => this.#forgettable });
    this.#cutter = cutter;
  }

  #cut(): Promise<EventBatch | null> {
    const batch = this.#cutter?.next() ?? Promise.resolve(null);
    // Who comes for it hears what went wrong; perhaps nobody comes any more.
    batch.catch(() => undefined);
    return batch;
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
