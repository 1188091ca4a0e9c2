import type { BlockHeader, BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { Call } from '../../runtime/call.js';
import { chunks } from '../../runtime/chunks.js';
import { groupBy } from '../../runtime/group-by.js';
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
import { logsAlike } from './tell-alike.js';

/** So often others are asked; from then on once in so many times. */
const confirmed = 16;
/** So often a URL that stands alone is asked once more. */
const repetitions = 3;
/** Of so many blocks receipts are asked for at once. */
const together = 8;

interface LogProofsOptions {
  readonly chain: ChainClient;
  /** Its hex in lower case. */
  readonly filter: LogFilter;
  readonly reader: LogReader;
  readonly omissions: Omissions;
  readonly logger: Logger;
  /** Hears of each block that is taken to hold nothing though its bloom filter tells of something. */
  readonly doubted?: (block: number) => void;
}

/** An answer that was read, cleaned, and what came with it of others. */
interface Told extends Pick<ReadAnswer, 'endpoint' | 'filters'> {
  readonly logs: readonly RawLog[];
  readonly all: readonly RawLog[];
}

/** Blocks of an answer that are to be proven. */
interface Doubtful {
  readonly endpoint: string;
  readonly headers: readonly BlockHeader[];
  /** What the answer holds of a block. */
  readonly ofBlock: (block: number) => readonly RawLog[];
}

/** A block whose logs are others than those that an answer holds of it. */
interface Finding {
  readonly block: number;
  readonly logs: readonly RawLog[];
}

/**
 * Proves what an answer holds of the blocks that are in doubt: those of which headers tell while it has nothing of them, for a node that
 * hides some may hide others; and of an endpoint that was caught every block that may hold something.
 */
export class LogProofs {
  readonly #options: LogProofsOptions;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #tells: (header: BlockHeader) => boolean;
  /** How often that had to be borne of an endpoint, by its name. */
  readonly #borne = new Map<string, number>();

  constructor(options: LogProofsOptions) {
    this.#options = options;
    this.#isWanted = matcherOf(options.filter);
    this.#tells = bloomTells(options.filter);
  }

  /**
   * Returns the logs of an answer, those of a single block as they are proven to be. Throws RpcError of class density where a longer
   * range holds others.
   */
  async prove(told: Told, headers: readonly BlockHeader[], range: BlockRange, call: Call): Promise<readonly RawLog[]> {
    const { endpoint, logs } = told;
    const doubtful = this.#doubtfulIn(told, headers);
    if (doubtful.headers.length === 0) return logs;
    const found = await this.#find(doubtful, call);
    if (found === null) return logs;
    const isOmission = found.logs.length > doubtful.ofBlock(found.block).length;
    const what = isOmission ? undefined : 'did not tell the logs as they are';
    if (range.from !== range.to) throw this.#options.omissions.found(endpoint, found.block, range, what);
    return found.logs;
  }

  #doubtfulIn({ endpoint, filters, logs, all }: Told, headers: readonly BlockHeader[]): Doubtful {
    const { chain } = this.#options;
    const byBlock = groupBy(logs, ({ blockNumber }) => blockNumber);
    const ofBlock = (block: number): readonly RawLog[] => byBlock.get(block) ?? [];
    const mayHold = (header: BlockHeader): boolean =>
      this.#tells(header) || ofBlock(header.number).length > 0 || !chain.proofs.mayExclude(header);
    const doubtful = chain.caught.has(endpoint) ? headers.filter(mayHold) : doubtfulBlocks(headers, all, filters);
    return { endpoint, headers: doubtful, ofBlock };
  }

  async #find(doubtful: Doubtful, call: Call): Promise<Finding | null> {
    const { chain, reader } = this.#options;
    if (chain.caught.has(doubtful.endpoint)) return this.#inReceipts(doubtful, call);
    const hashes = doubtful.headers.map((header) => header.hash);
    const hidden = newIn(await reader.readBlocks(hashes, call.signal), doubtful);
    await call.moved();
    const telling = { ...doubtful, headers: doubtful.headers.filter(this.#tells) };
    return hidden ?? (await this.#inReceipts(telling, call));
  }

  /** Reads the receipts of blocks until those of one give others. Where there are no receipts others are heard. */
  async #inReceipts({ endpoint, headers, ofBlock }: Doubtful, call: Call): Promise<Finding | null> {
    const { chain } = this.#options;
    const unproven: BlockHeader[] = [];
    for (const some of chunks(headers, together)) {
      const hashes = some.map(({ hash }) => hash);
      const told = await this.#receiptsOf(hashes, call.signal);
      await call.moved();
      for (const [index, header] of some.entries()) {
        const receipts = told?.[index] ?? null;
        if (receipts === null || chain.proofs.ofReceipts(receipts, header) !== 'proven') {
          unproven.push(header);
          continue;
        }
        const logs = receipts.logs.filter(this.#isWanted);
        if (!logsAlike(logs, ofBlock(header.number))) return { block: header.number, logs };
      }
    }
    if (unproven.length === 0) return null;
    const left = { endpoint, headers: unproven, ofBlock };
    const heard = this.#isWorthAsking(endpoint) ? await this.#ofOthers(unproven, endpoint, call.signal) : [];
    const found = newIn(heard, left);
    if (found === null) this.#bear(left, heard);
    return found;
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

  #hasOthers(endpoint: string): boolean {
    return this.#options.chain.reachable.some((name) => name !== endpoint);
  }

  /** Returns what an endpoint other than the one that is doubted has of blocks, or, where there is no other, that one when it is asked again. */
  async #ofOthers(headers: readonly BlockHeader[], endpoint: string, signal: AbortSignal): Promise<readonly RawLog[]> {
    const { chain, filter } = this.#options;
    if (!this.#hasOthers(endpoint)) return this.#again(headers, signal);
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
  #bear({ endpoint, headers, ofBlock }: Doubtful, heard: readonly RawLog[]): void {
    const confirmedBlocks = new Set(this.#hasOthers(endpoint) ? heard.map(({ blockNumber }) => blockNumber) : []);
    const [first, ...others] = headers.filter(({ number }) => !confirmedBlocks.has(number));
    if (first === undefined) return;
    for (const { number } of [first, ...others]) this.#options.doubted?.(number);
    const { number } = first;
    const times = this.#borne.get(endpoint) ?? 0;
    this.#borne.set(endpoint, times + 1);
    const level = times === 0 ? 'warn' : 'debug';
    const message =
      ofBlock(number).length === 0
        ? `${endpoint} gives no logs for block ${number}, whose bloom filter tells of some, and nobody gives its receipts: there are taken to be none`
        : `${endpoint} gave wrong answers, and nobody gives the receipts of block ${number}: its logs are taken as they are, and chainparse verify looks at them again`;
    const fields = { event: 'rpc.incomplete', host: endpoint, from: number, to: number };
    this.#options.logger.log(level, message, fields);
  }
}

/** Returns a block of which others tell a log that an answer does not hold; null: they tell no other. */
function newIn(heard: readonly RawLog[], { ofBlock }: Doubtful): Finding | null {
  const block = heard.find((log) => !ofBlock(log.blockNumber).some((own) => logsAlike([own], [log])))?.blockNumber;
  if (block === undefined) return null;
  const others = heard.filter(({ blockNumber }) => blockNumber === block);
  // Who was asked may lack some as well.
  const own = ofBlock(block).filter(({ logIndex }) => !others.some((other) => other.logIndex === logIndex));
  return { block, logs: [...own, ...others] };
}

/** Who can't say tells of no logs; throws what is no answer of an endpoint. */
function noneIfRefused(error: unknown): readonly RawLog[] {
  if (error instanceof RpcError || error instanceof ChainUnreachableError) return [];
  throw error;
}
