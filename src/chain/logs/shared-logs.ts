import { setMaxListeners } from 'node:events';
import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { quietCall } from '../../runtime/call.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { backoffMs } from '../../runtime/retry.js';
import { SingleFlight } from '../../runtime/single-flight.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { Inconsistency, NodeLagsError } from '../blocks/consistency.js';
import { RpcError, isDeclined } from '../transport/errors/rpc-error.js';
import { SureLogs } from './sure-logs.js';

interface SharedLogsOptions {
  readonly chain: ChainClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How many blocks are remembered, and how many logs in all: those of some crowded blocks. */
const blocksKept = 64;
const logsKept = 20_000;
/** How often a node that lags behind the head that it told is asked, over some two seconds, before the head is looked at anew. */
const attempts = 6;
const backoff = { firstMs: 50, maxMs: 1_000 };
/** For how long no block is asked for as a whole once one was refused, in milliseconds. */
const refusedMs = 600_000;

/**
 * Reads each new block whole, and makes sure of it, once for all pipelines of a process that follow a chain: what it asks for does
 * not grow with their number. Each pipeline takes its own logs out of the block.
 */
export class SharedLogs {
  readonly #options: SharedLogsOptions;
  readonly #sure: SureLogs;
  readonly #flights = new SingleFlight<readonly RawLog[]>();
  /** The oldest first. */
  readonly #kept = new Map<string, readonly RawLog[]>();
  #logsKept = 0;
  #readers = 0;
  #refusedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: SharedLogsOptions) {
    this.#options = options;
    this.#sure = new SureLogs({ ...options, filter: { addresses: null, topics: null } });
  }

  /** A pipeline follows the chain, until what is returned is called. */
  join(): () => void {
    this.#readers++;
    return () => (this.#readers -= 1);
  }

  /** False where a pipeline does better to ask for its own logs: it is alone, or no node gives whole blocks. */
  get isWorthwhile(): boolean {
    return this.#readers > 1 && this.#options.clock.monotonic() >= this.#refusedUntil;
  }

  /**
   * Returns all logs of blocks, block by block, made sure of; null where no node gives a block as a whole. Throws NodeLagsError
   * where nothing proves them in time.
   */
  async read(headers: readonly BlockHeader[], signal: AbortSignal): Promise<readonly RawLog[] | null> {
    // Each block listens to it.
    setMaxListeners(0, signal);
    try {
      const blocks = await Promise.all(headers.map((header) => this.#block(header, signal)));
      return blocks.flat();
    } catch (error) {
      if (!(error instanceof RpcError) && !isDeclined(error)) throw error;
      this.#refusedUntil = this.#options.clock.monotonic() + refusedMs;
      return null;
    }
  }

  async #block(header: BlockHeader, signal: AbortSignal): Promise<readonly RawLog[]> {
    const key = keyOf(header);
    return this.#kept.get(key) ?? this.#flights.share(key, (shared) => this.#readSurely(key, header, shared), signal);
  }

  async #readSurely(key: string, header: BlockHeader, signal: AbortSignal): Promise<readonly RawLog[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        const logs = await this.#sure.read([header], quietCall(signal));
        this.#keep(key, logs);
        return logs;
      } catch (error) {
        if (!mayPass(error)) throw error;
        if (attempt >= attempts) throw lagging(header, error);
        await this.#options.clock.sleep(backoffMs(attempt, backoff), signal);
      }
    }
  }

  #keep(key: string, logs: readonly RawLog[]): void {
    this.#kept.set(key, logs);
    this.#logsKept += logs.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#kept.size <= blocksKept && this.#logsKept <= logsKept) return;
      this.#kept.delete(oldest);
      this.#logsKept -= length;
    }
  }
}

/** Headers that bear the same hash and differ are judged each for itself: one of them is made up. */
function keyOf({ hash, receiptsRoot, logsBloom }: BlockHeader): string {
  return `${hash} ${receiptsRoot ?? ''} ${logsBloom ?? ''}`;
}

/** A node behind a balancer may not have the block yet that another has told. */
function mayPass(error: unknown): error is Error {
  return error instanceof Inconsistency || (error instanceof RpcError && error.class === 'lag');
}

function lagging({ number }: BlockHeader, cause: Error): NodeLagsError {
  return new NodeLagsError(`no endpoint gives the logs of block ${number} as a whole: ${cause.message}`, {
    cause,
    hint: 'give one more --rpc-url, of a node that gives receipts (eth_getBlockReceipts)',
  });
}
