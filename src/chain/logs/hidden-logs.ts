import type { BlockHeader, BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { Call } from '../../runtime/call.js';
import { chunks } from '../../runtime/chunks.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import type { BlockReceipts } from '../blocks/proofs.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { bloomTells, doubtfulBlocks } from '../blocks/bloom.js';
import { matcherOf } from '../blocks/log-filter.js';
import type { LogFilter } from '../../model/log-filter.js';
import { LogReader } from './log-reader.js';
import type { ReadAnswer } from './log-reader.js';
import type { Omissions } from './omissions.js';

/** So often others are asked; from then on once in so many times. */
const confirmed = 16;
/** So often a URL that stands alone is asked once more. */
const repetitions = 3;
/** Of so many blocks receipts are asked for at once. */
const together = 8;

interface HiddenLogsOptions {
  readonly chain: ChainClient;
  /** Its hex in lower case. */
  readonly filter: LogFilter;
  readonly reader: LogReader;
  readonly omissions: Omissions;
  readonly logger: Logger;
  /** Hears of each block that is taken to hold nothing though its bloom filter tells of something. */
  readonly doubted?: (block: number) => void;
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
    const found = hidden.length > 0 ? hidden : await this.#inReceipts(doubtful, told.endpoint, call);
    const [one] = found;
    if (one === undefined || range.from === range.to) return found;
    throw this.#options.omissions.found(told.endpoint, one, range);
  }

  /**
   * Reads the receipts of the blocks that should hold logs, until some hold one: others' logs may have set the bits of any of them.
   * Where there are no receipts others are heard.
   */
  async #inReceipts(doubtful: readonly BlockHeader[], endpoint: string, call: Call): Promise<readonly RawLog[]> {
    const { chain } = this.#options;
    const telling = doubtful.filter(this.#tells);
    const unproven: BlockHeader[] = [];
    for (const headers of chunks(telling, together)) {
      const hashes = headers.map(({ hash }) => hash);
      const told = await this.#receiptsOf(hashes, call.signal);
      await call.moved();
      for (const [index, header] of headers.entries()) {
        const receipts = told?.[index] ?? null;
        const isProven = receipts !== null && chain.proofs.ofReceipts(receipts, header) === 'proven';
        const wanted = isProven ? receipts.logs.filter(this.#isWanted) : [];
        if (wanted.length > 0) return wanted;
        if (!isProven) unproven.push(header);
      }
    }
    if (unproven.length === 0) return [];
    const heard = this.#isWorthAsking(endpoint) ? await this.#ofOthers(unproven, endpoint, call.signal) : [];
    if (heard.length === 0) this.#bear(unproven, endpoint);
    return heard;
  }

  /** Where one block's receipts fail, none of those that are asked for with them come: each is asked for by itself then. */
  async #receiptsOf(hashes: readonly string[], signal: AbortSignal): Promise<readonly (BlockReceipts | null)[] | null> {
    const told = await this.#options.chain.receiptsOfBlocks(hashes, signal);
    if (hashes.length === 1 || told?.every((receipts) => receipts === null) !== true) return told;
    const each: (BlockReceipts | null)[] = [];
    for (const hash of hashes) each.push((await this.#receiptsOf([hash], signal))?.[0] ?? null);
    return each;
  }

  /** What others confirm time after time is asked for more and more rarely: there are filters that meet such bits in each block. */
  #isWorthAsking(endpoint: string): boolean {
    const times = this.#borne.get(endpoint) ?? 0;
    return times < confirmed || times % confirmed === 0;
  }

  /** Returns what an endpoint other than the one that is doubted has of blocks, or, where there is no other, that one when it is asked again. */
  async #ofOthers(headers: readonly BlockHeader[], endpoint: string, signal: AbortSignal): Promise<readonly RawLog[]> {
    const { chain, filter } = this.#options;
    if (!chain.reachable.some((name) => name !== endpoint)) return this.#again(headers, signal);
    try {
      const hashes = headers.map(({ hash }) => hash);
      return await new LogReader(chain.via({ except: [endpoint] }), filter).readBlocks(hashes, signal);
    } catch (error) {
      noneIfRefused(error);
    }
    if (headers.length === 1) return [];
    // It may lack the last of them.
    for (const header of headers) {
      const told = await this.#ofOthers([header], endpoint, signal);
      if (told.length > 0) return told;
    }
    return [];
  }

  /** One URL may stand for several nodes, of which some have thrown old logs away: another one may be met. */
  async #again(headers: readonly BlockHeader[], signal: AbortSignal): Promise<readonly RawLog[]> {
    const hashes = headers.map(({ hash }) => hash);
    for (let times = 0; times < repetitions; times++) {
      const told = await this.#options.reader.readBlocks(hashes, signal).catch(noneIfRefused);
      if (told.length > 0) return told;
    }
    return [];
  }

  /** Other logs of the contract, and the same event of others, may have set these bits: that is said once, and borne. */
  #bear(headers: readonly BlockHeader[], endpoint: string): void {
    for (const { number } of headers) this.#options.doubted?.(number);
    const number = headers[0]?.number;
    const times = this.#borne.get(endpoint) ?? 0;
    this.#borne.set(endpoint, times + 1);
    const level = times === 0 ? 'warn' : 'debug';
    const message = `${endpoint} gives no logs for block ${number}, whose bloom filter tells of some, and nobody gives its receipts: there are taken to be none`;
    const fields = { event: 'rpc.incomplete', host: endpoint, from: number, to: number };
    this.#options.logger.log(level, message, fields);
  }
}

/** Who can't say tells of no logs; throws what is no answer of an endpoint. */
function noneIfRefused(error: unknown): readonly RawLog[] {
  if (error instanceof RpcError || error instanceof ChainUnreachableError) return [];
  throw error;
}
