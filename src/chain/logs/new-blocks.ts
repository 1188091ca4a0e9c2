import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { Logger } from '../../runtime/logger.js';
import { bloomExcludes } from './bloom-excludes.js';
import { bloomTells } from './bloom-tells.js';
import type { ChainClient } from '../chain-client.js';
import { cleanLogs } from './clean-logs.js';
import { checkHashes, Inconsistency } from './consistency.js';
import { matcherOf, toLogFilter } from './log-filter.js';
import type { LogFilter } from './log-filter.js';
import { LogReader } from './log-reader.js';
import type { FetchedRange } from './log-source.js';
import { RpcError } from '../errors/rpc-error.js';

interface NewBlocksOptions {
  readonly chain: ChainClient;
  readonly chainId: number;
  readonly filter: LogFilter;
  readonly logger: Logger;
}

/** Fetches the logs of blocks whose headers are known, by their hashes: in one request, or in none. */
export class NewBlocks {
  readonly #options: NewBlocksOptions;
  readonly #reader: LogReader;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #tells: (header: BlockHeader) => boolean;
  readonly #excludes: (header: BlockHeader) => boolean;

  constructor(options: NewBlocksOptions) {
    this.#options = options;
    const filter = toLogFilter(options.filter);
    this.#reader = new LogReader(options.chain, filter);
    this.#isWanted = matcherOf(filter);
    this.#excludes = bloomExcludes(filter, options.chainId);
    this.#tells = bloomTells(filter);
  }

  /**
   * Returns what blocks hold whose headers link up, oldest first; null where the node has them not (yet) or not as a
   * whole: then they must be read with more patience.
   */
  async fetch(
    headers: readonly BlockHeader[],
    answered: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<FetchedRange | null> {
    const [first, last] = [headers[0], headers.at(-1)];
    if (first === undefined || last === undefined) return null;
    const range = { from: first.number, to: last.number };
    try {
      const told = await this.#ask(headers, answered, signal);
      const { logs, strays, removed } = cleanLogs(told, range, this.#isWanted);
      if (removed > 0 || strays > 0) throw new Inconsistency(`${removed + strays} logs do not belong there`);
      checkHashes(logs, headers);
      this.#checkHidden(logs, headers);
      const timestamps = new Map(headers.map((block) => [block.number, block.timestamp]));
      return { ...range, logs, last, headers, timestamps, bytes: 0 };
    } catch (error) {
      if (!(error instanceof RpcError || error instanceof Inconsistency)) throw error;
      const message = `reading new blocks anew: ${error.message}`;
      this.#options.logger.log('debug', message, { event: 'source.new_blocks', ...range });
      return null;
    }
  }

  /** A node that has a block, and is not done with its receipts, gives no logs for it. */
  #checkHidden(logs: readonly RawLog[], headers: readonly BlockHeader[]): void {
    const told = new Set(logs.map((log) => log.blockNumber));
    const doubtful = headers.find((header) => !told.has(header.number) && this.#tells(header));
    if (doubtful === undefined) return;
    throw new Inconsistency(`no logs came for block ${doubtful.number}, whose bloom filter tells of some`);
  }

  async #ask(
    headers: readonly BlockHeader[],
    answered: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly RawLog[]> {
    const hashes = headers.filter((header) => !this.#excludes(header)).map((header) => header.hash);
    if (hashes.length === 0) return [];
    const logs = await this.#reader.readBlocks(hashes, signal);
    await answered();
    return logs;
  }
}
