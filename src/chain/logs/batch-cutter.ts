import type { EventBatch } from '../../model/batch.js';
import type { BlockRef } from '../../model/block.js';
import type { ChainEvent, RawLog, UndecodedLog } from '../../model/event.js';
import type { Clock } from '../../runtime/clock.js';
import { Turns } from '../../runtime/turns.js';
import { toChecksumAddress } from '../abi/checksum.js';
import type { LogDecoder } from '../abi/decoder.js';
import type { FetchedRange } from '../blocks/range-reader.js';

/** How many events a batch holds at most, and how long their arguments are in all, unless one block holds more. Five are in memory at once. */
const eventsPerBatch = 5_000;
const textPerBatch = 8 * 2 ** 20;
/** How many logs are decoded before the time is looked at. */
const logsPerLook = 16;

/** Ranges one after the other, each behind the one before. */
export interface RangeFeed {
  /** True where the next range need not be waited for. */
  readonly isReady: boolean;
  /** Resolves with null where no more is to come. */
  next(): Promise<FetchedRange | null>;
}

interface CutterOptions {
  readonly feed: RangeFeed;
  readonly decoder: LogDecoder;
  /** The newest block that need not be remembered, at the time at which a batch is closed. */
  readonly forgettable: () => number;
  readonly clock: Clock;
}

/** A batch that is being filled. */
interface OpenBatch {
  readonly fromBlock: number;
  readonly events: ChainEvent[];
  readonly undecoded: UndecodedLog[];
  /** The blocks of its ranges whose hashes are known. */
  readonly blocks: BlockRef[];
  textLength: number;
}

/** Decodes ranges and cuts them, between blocks, into batches of a size that commits well. */
export class BatchCutter {
  readonly #options: CutterOptions;
  readonly #turns: Turns;
  #range: FetchedRange | null = null;
  /** The position in the range of the log that is decoded next. */
  #at = 0;
  #batch: OpenBatch | null = null;

  constructor(options: CutterOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock);
  }

  /**
   * Returns the next batch, null where no more is to come. What is there is not held back until there is more: a batch
   * ends with its range where the next range would have to be waited for.
   */
  async next(): Promise<EventBatch | null> {
    for (;;) {
      const range = (this.#range ??= await this.#open());
      if (range === null) return null;
      const batch = (this.#batch ??= openBatch(range, this.#at));
      const border = await this.#fill(batch, range);
      if (border !== null) return this.#close(batch, border);
      this.#range = null;
      if (isFull(batch) || !this.#options.feed.isReady) return this.#close(batch, range.last);
    }
  }

  async #open(): Promise<FetchedRange | null> {
    const range = await this.#options.feed.next();
    this.#at = 0;
    this.#batch?.blocks.push(...(range?.headers ?? []));
    return range;
  }

  /** Decodes into a batch; returns the block with which it is full, null where the range ends first. */
  async #fill(batch: OpenBatch, range: FetchedRange): Promise<BlockRef | null> {
    const { decoder } = this.#options;
    const { logs } = range;
    for (let before = logs[this.#at - 1]; this.#at < logs.length; this.#at++) {
      const log = logs[this.#at] as RawLog;
      if (before !== undefined && before.blockNumber !== log.blockNumber && isFull(batch)) {
        return { number: before.blockNumber, hash: before.blockHash };
      }
      decodeInto(batch, log, range, decoder);
      before = log;
      if (this.#at % logsPerLook === 0 && this.#turns.isOver) await this.#turns.rest();
    }
    return null;
  }

  #close({ fromBlock, events, undecoded, blocks }: OpenBatch, { number: toBlock, hash: toHash }: BlockRef): EventBatch {
    this.#batch = null;
    const finalizedBlock = this.#options.forgettable();
    const recentBlocks = blocks
      .filter(({ number }) => number >= fromBlock && number <= toBlock && number > finalizedBlock)
      .map(({ number, hash }) => ({ number, hash }));
    return { kind: 'events', fromBlock, toBlock, toHash, events, undecoded, recentBlocks, finalizedBlock };
  }
}

/** Decodes one range and cuts it into batches. */
export async function* cutBatches(
  range: FetchedRange,
  decoder: LogDecoder,
  finalizedBlock: number,
  clock: Clock,
): AsyncGenerator<EventBatch, void, undefined> {
  const ranges = [range];
  const feed = { isReady: false, next: () => Promise.resolve(ranges.shift() ?? null) };
  const cutter = new BatchCutter({ feed, decoder, forgettable: () => finalizedBlock, clock });
  for (let batch = await cutter.next(); batch !== null; batch = await cutter.next()) yield batch;
}

/** Opens a batch that begins with a range, or behind the log of it that was decoded last. */
function openBatch({ from, logs, headers }: FetchedRange, at: number): OpenBatch {
  const before = logs[at - 1];
  const fromBlock = before === undefined ? from : before.blockNumber + 1;
  return { fromBlock, events: [], undecoded: [], blocks: [...headers], textLength: 0 };
}

function isFull({ events, undecoded, textLength }: OpenBatch): boolean {
  return events.length + undecoded.length >= eventsPerBatch || textLength >= textPerBatch;
}

function decodeInto(batch: OpenBatch, log: RawLog, range: FetchedRange, decoder: LogDecoder): void {
  const decoded = decoder.decode(log);
  if (decoded.kind === 'ignored') return;
  // Written out field by field: what is spread into an object takes as long as the decoding itself.
  const { blockNumber, blockHash, transactionHash, transactionIndex, logIndex, topics, data } = log;
  const timestamp = range.timestamps.get(blockNumber) ?? range.last.timestamp;
  const contractAddress = toChecksumAddress(log.address);
  if (decoded.kind === 'undecoded') {
    batch.undecoded.push({
      blockNumber,
      blockHash,
      timestamp,
      transactionHash,
      transactionIndex,
      logIndex,
      contractAddress,
      topics,
      data,
      reason: decoded.reason,
    });
    batch.textLength += data.length;
    return;
  }
  batch.events.push({
    blockNumber,
    blockHash,
    timestamp,
    transactionHash,
    transactionIndex,
    logIndex,
    contractAddress,
    eventName: decoded.eventName,
    eventSignature: decoded.eventSignature,
    argsJson: decoded.argsJson,
  });
  batch.textLength += decoded.argsJson.length;
}
