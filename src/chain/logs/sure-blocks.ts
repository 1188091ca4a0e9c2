import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { ChainUnreachableError, messageOf } from '../../runtime/errors.js';
import { checkBlockLogs } from '../blocks/block-receipts.js';
import { bloomTestOf } from '../blocks/bloom.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { cleanLogs } from './clean-logs.js';
import { Inconsistency, checkHashes } from '../blocks/consistency.js';
import { matcherOf, toLogFilter } from '../blocks/log-filter.js';
import type { LogFilter } from '../../model/log-filter.js';
import { LogReader } from './log-reader.js';
import type { FetchedRange } from '../blocks/range-reader.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import { tellAlike } from './tell-alike.js';
import type { ToldBlocks } from './tell-alike.js';

/** Why the logs of a block are believed: its header's receipts root proves them, or what was read twice agrees. */
export type Proof = 'receipts_root' | 'agreement';

/** What one block holds, and how sure that is; a null proof: what was read does not agree, or was read only once. */
export interface SureBlock extends FetchedRange {
  readonly proof: Proof | null;
}

/** Reads single blocks, from every endpoint if need be, until their logs are beyond doubt. */
export class SureBlocks {
  readonly #clients: readonly ChainClient[];
  readonly #filter: LogFilter;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #mayHold: (bloom: string | undefined) => boolean;

  constructor(chain: ChainClient, filter: LogFilter) {
    this.#clients = chain.endpoints.map((name) => chain.via({ only: [name] }));
    this.#filter = toLogFilter(filter);
    this.#isWanted = matcherOf(this.#filter);
    this.#mayHold = bloomTestOf(this.#filter);
  }

  /** Returns a block; throws what the last endpoint said where none gives it. */
  async read(number: number, signal: AbortSignal): Promise<SureBlock> {
    const readings: ToldBlocks[] = [];
    const proven = await this.#fromReceipts(number, readings, signal);
    if (proven !== null) return toSureBlock(proven, 'receipts_root');
    const hasReceipts = readings.length > 0;
    await this.#fromLogs(number, readings, signal);
    // Nodes leave logs out rather than invent them: whoever has most is not hidden behind one that has thrown them away.
    const fullest = readings.reduce((most, reading) => (reading.logs.length > most.logs.length ? reading : most));
    const agree = readings.length > 1 && readings.every((reading) => tellAlike(fullest, reading));
    // Nodes without the history of a block give no logs for it, however often they are asked.
    const isHollow = fullest.logs.length === 0 && this.#mayHold(fullest.last.logsBloom) && !hasReceipts;
    return toSureBlock(fullest, agree && !isHollow ? 'agreement' : null);
  }

  /** Returns the first reading that is proven; collects those that can't be. */
  async #fromReceipts(number: number, readings: ToldBlocks[], signal: AbortSignal): Promise<ToldBlocks | null> {
    for (const client of this.#clients) {
      try {
        const told = await client.blockLogs(number, signal);
        if (told === null) return null;
        const { logs, last, isProven } = told;
        checkBlockLogs(logs, last);
        const reading = this.#toReading(logs, last);
        if (isProven()) return reading;
        readings.push(reading);
      } catch (error) {
        throwUnlessOfNode(error);
      }
    }
    return null;
  }

  /** Asks each endpoint for the logs; twice, where nothing else was read. */
  async #fromLogs(number: number, readings: ToldBlocks[], signal: AbortSignal): Promise<void> {
    const range = { from: number, to: number };
    const again = readings.length === 0 && this.#clients.length === 1 ? this.#clients : [];
    let failure: unknown;
    for (const client of [...this.#clients, ...again]) {
      try {
        const { logs, last } = await new LogReader(client, this.#filter).read(range, signal);
        readings.push(this.#toReading(logs, last));
      } catch (error) {
        throwUnlessOfNode(error);
        failure = error;
      }
    }
    if (readings.length > 0) return;
    if (failure instanceof ChainUnreachableError) throw failure;
    throw new ChainUnreachableError(`no endpoint gives the logs of block ${number}: ${messageOf(failure)}`, {
      cause: failure,
      hint: 'give another --rpc-url',
    });
  }

  #toReading(told: readonly RawLog[], last: BlockHeader): ToldBlocks {
    const { logs, removed } = cleanLogs(told, { from: last.number, to: last.number }, this.#isWanted);
    if (removed > 0) throw new Inconsistency(`${removed} logs are of blocks that were replaced`);
    checkHashes(logs, [last]);
    return { logs, last };
  }
}

function throwUnlessOfNode(error: unknown): void {
  const isOfNode = error instanceof RpcError || error instanceof ChainUnreachableError;
  if (!isOfNode && !(error instanceof Inconsistency)) throw error;
}

function toSureBlock({ logs, last }: ToldBlocks, proof: Proof | null): SureBlock {
  const { number } = last;
  const timestamps = new Map([[number, last.timestamp]]);
  return { from: number, to: number, logs, last, headers: [last], timestamps, bytes: 0, proof };
}
