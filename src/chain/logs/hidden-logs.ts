import type { BlockHeader, BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { Call } from '../../runtime/call.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { bloomTells, doubtfulBlocks } from '../blocks/bloom.js';
import { matcherOf } from '../blocks/log-filter.js';
import type { LogFilter } from '../../model/log-filter.js';
import { LogReader } from './log-reader.js';
import type { ReadAnswer } from './log-reader.js';
import { hostOf } from './range-size.js';

/** So often others are asked; from then on once in so many times. */
const confirmed = 16;

interface HiddenLogsOptions {
  readonly chain: ChainClient;
  /** Its hex in lower case. */
  readonly filter: LogFilter;
  readonly reader: LogReader;
  readonly logger: Logger;
}

/** An answer that was read, and what of it is left when it is cleaned. */
interface Told extends Pick<ReadAnswer, 'endpoint' | 'filters'> {
  readonly logs: readonly RawLog[];
}

/** Finds logs of which headers tell while an answer has none of them: a node that hides some may hide others. */
export class HiddenLogs {
  readonly #options: HiddenLogsOptions;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #tells: (header: BlockHeader) => boolean;
  /** How often that had to be borne of an endpoint, by its name. */
  readonly #borne = new Map<string, number>();

  constructor(options: HiddenLogsOptions) {
    this.#options = options;
    this.#isWanted = matcherOf(options.filter);
    this.#tells = bloomTells(options.filter);
  }

  /**
   * Returns the logs of a single block that its answer left out. Throws RpcError of class density where that of a longer range
   * left some out.
   */
  async find(told: Told, headers: readonly BlockHeader[], range: BlockRange, call: Call): Promise<readonly RawLog[]> {
    const doubtful = doubtfulBlocks(headers, told.logs, told.filters);
    if (doubtful.length === 0) return [];
    const hashes = doubtful.map((header) => header.hash);
    const hidden = await this.#options.reader.readBlocks(hashes, call.signal);
    await call.moved();
    const found = hidden.length > 0 ? hidden : await this.#inReceipts(doubtful, told.endpoint, call.signal);
    const [one] = found;
    if (one === undefined || range.from === range.to) return found;
    throw this.#incomplete(told.endpoint, one, range);
  }

  /** Reads receipts of the first block that should hold logs, and of which all say that there are none; without them others are heard. */
  async #inReceipts(
    doubtful: readonly BlockHeader[],
    endpoint: string,
    signal: AbortSignal,
  ): Promise<readonly RawLog[]> {
    const { chain } = this.#options;
    const header = doubtful.find(this.#tells);
    if (header === undefined) return [];
    const [receipts] = (await chain.receiptsOfBlocks([header.hash], signal)) ?? [];
    const verdict =
      receipts === null || receipts === undefined ? 'unproven' : chain.proofs.ofReceipts(receipts, header);
    if (verdict === 'proven') return receipts?.logs.filter(this.#isWanted) ?? [];
    const told = this.#isWorthAsking(endpoint) ? await this.#ofOthers(header.hash, endpoint, signal) : [];
    if (told.length === 0) this.#bear(header, endpoint);
    return told;
  }

  /** What others confirm time after time is asked for more and more rarely: there are filters that meet such bits in each block. */
  #isWorthAsking(endpoint: string): boolean {
    const times = this.#borne.get(endpoint) ?? 0;
    return times < confirmed || times % confirmed === 0;
  }

  /** Returns what an endpoint other than the one that is doubted has of a block: nothing where none can say. */
  async #ofOthers(hash: string, endpoint: string, signal: AbortSignal): Promise<readonly RawLog[]> {
    const { chain, filter } = this.#options;
    if (!chain.reachable.some((name) => name !== endpoint)) return [];
    try {
      return await new LogReader(chain.via({ except: [endpoint] }), filter).readBlocks([hash], signal);
    } catch (error) {
      if (error instanceof RpcError || error instanceof ChainUnreachableError) return [];
      throw error;
    }
  }

  /** Other logs of the contract, and the same event of others, may have set these bits: that is said once, and borne. */
  #bear({ number }: BlockHeader, endpoint: string): void {
    const times = this.#borne.get(endpoint) ?? 0;
    this.#borne.set(endpoint, times + 1);
    const level = times === 0 ? 'warn' : 'debug';
    const message = `${endpoint} gives no logs for block ${number}, whose bloom filter tells of some, and nobody gives its receipts: there are taken to be none`;
    const fields = { event: 'rpc.incomplete', host: endpoint, from: number, to: number };
    this.#options.logger.log(level, message, fields);
  }

  #incomplete(endpoint: string, { blockNumber }: RawLog, { from, to }: BlockRange): RpcError {
    const message = `left out the logs of block ${blockNumber} among those of blocks ${from} to ${to}`;
    const error = new RpcError(message, { class: 'density', host: hostOf(endpoint) });
    this.#options.chain.passOver(endpoint);
    this.#options.logger.log('warn', error.message, { event: 'rpc.incomplete', host: endpoint, from, to });
    return error;
  }
}
