import { cutBatches } from '../../chain/logs/batch-cutter.js';
import type { ChainClient } from '../../chain/blocks/chain-client.js';
import type { LogDecoder } from '../../chain/abi/decoder.js';
import { LagPatience } from '../../chain/blocks/lag-patience.js';
import { LogSource } from '../../chain/logs/log-source.js';
import type { FetchedRange } from '../../chain/blocks/range-reader.js';
import { SureBlocks } from '../../chain/logs/sure-blocks.js';
import type { Proof } from '../../chain/logs/sure-blocks.js';
import type { EventBatch } from '../../model/batch.js';
import type { BlockRange } from '../../model/block.js';
import { quietCall } from '../../runtime/call.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { AuditReader } from './audit-reader.js';

export interface ChainReadingOptions {
  /** Every endpoint: asked where one alone does not settle a question. */
  readonly chain: ChainClient;
  /** Through which of them ranges are read. */
  readonly reader: AuditReader;
  readonly decoder: LogDecoder;
  readonly batchSize: number;
  /** Read every block by its receipts, and compute their root. */
  readonly receipts: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A batch that was read for comparison, and what proves it, where it is a single block. */
export interface ReadBatch {
  readonly batch: EventBatch;
  readonly proof: Proof | null;
}

/** How many blocks are asked for at once where each is asked for by itself. */
const together = 8;
const lagMs = 1_000;

/** Reads again what blocks hold, as a run would decode it. */
export class ChainReading {
  readonly #options: ChainReadingOptions;
  /** One for each client that ranges have been read through: it knows how much that gives at once. */
  readonly #logs = new Map<ChainClient, LogSource>();
  readonly #sure: SureBlocks;
  /** Blocks of the range that is being read of which that is so. */
  readonly #doubted = new Set<number>();
  /** How many of the blocks that were read in ranges hold no logs by what was told, though their bloom filters tell of some. */
  doubtfulBlocks = 0;

  constructor(options: ChainReadingOptions) {
    const { chain, decoder } = options;
    this.#options = options;
    this.#sure = new SureBlocks(chain, decoder);
  }

  /** Reads blocks in batches that follow on one another. */
  async *read(range: BlockRange, signal: AbortSignal): AsyncGenerator<ReadBatch, void, undefined> {
    for (let from = range.from; from <= range.to;) {
      const rest = { from, to: range.to };
      if (this.#options.receipts) {
        yield* await this.#blocks(rest, signal);
        from += together;
      } else {
        const fetched = await this.#fetch(rest, signal);
        for await (const batch of this.#decode(fetched)) yield { batch, proof: null };
        from = fetched.to + 1;
      }
    }
  }

  /** Reads one block so that there is as little doubt as can be. */
  async readSurely(number: number, signal: AbortSignal): Promise<ReadBatch> {
    const block = await this.#sure.read(number, signal);
    if (block.proof !== null && this.#doubted.delete(number)) this.doubtfulBlocks -= 1;
    for await (const batch of this.#decode(block)) return { batch, proof: block.proof };
    throw new RangeError('a block is at least one batch');
  }

  #blocks({ from, to }: BlockRange, signal: AbortSignal): Promise<ReadBatch[]> {
    const count = Math.min(together, to - from + 1);
    return Promise.all(Array.from({ length: count }, (_item, index) => this.readSurely(from + index, signal)));
  }

  /** Every header is asked for: its bloom filter tells of logs that the node does not give. */
  async #fetch(range: BlockRange, signal: AbortSignal): Promise<FetchedRange> {
    const patience = new LagPatience(this.#options.clock);
    for (;;) {
      try {
        this.#doubted.clear();
        const call = { ...quietCall(signal), verified: true };
        const fetched = await this.#options.reader.through((client) => this.#logsOf(client).fetch(range, call));
        for (const block of this.#doubted) if (block > fetched.to) this.#doubted.delete(block);
        this.doubtfulBlocks += this.#doubted.size;
        return fetched;
      } catch (error) {
        this.#options.logger.log('info', `waiting for the node: ${patience.bear(error)}`, { event: 'verify.lag' });
        await this.#options.clock.sleep(lagMs, signal);
      }
    }
  }

  #logsOf(chain: ChainClient): LogSource {
    const known = this.#logs.get(chain);
    if (known !== undefined) return known;
    const { decoder: filter } = this.#options;
    const logs = new LogSource({ ...this.#options, chain, filter, doubted: (block) => this.#doubted.add(block) });
    this.#logs.set(chain, logs);
    return logs;
  }

  #decode(fetched: FetchedRange): AsyncGenerator<EventBatch, void, undefined> {
    return cutBatches(fetched, this.#options.decoder, Number.MAX_SAFE_INTEGER, this.#options.clock);
  }
}
