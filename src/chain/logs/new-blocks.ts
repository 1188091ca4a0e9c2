import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { bloomExcludes, bloomTells } from '../blocks/bloom.js';
import { cleanLogs } from './clean-logs.js';
import { checkHashes, checkLinks, Inconsistency } from '../blocks/consistency.js';
import { matcherOf, toLogFilter } from '../blocks/log-filter.js';
import { NodeLagsError } from '../blocks/consistency.js';
import { LogReader } from './log-reader.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { SharedLogs } from './shared-logs.js';
import { SureLogs } from './sure-logs.js';
import type { SureLogsOptions } from './agreed-logs.js';
import type { FetchedRange } from '../blocks/range-reader.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import type { Call } from '../../runtime/call.js';

/** How many blocks are asked for by their hashes where nobody doubts them: more are cheaper as a range. */
const mostBlocks = 8;

interface NewBlocksOptions extends SureLogsOptions {
  /** False where others make sure of what is read, or nobody shall: logs are believed that no clear bloom filter contradicts. */
  readonly doubts: boolean;
  /** Whole blocks, as other pipelines of this process read them, too. */
  readonly shared?: SharedLogs | undefined;
}

/** Fetches the logs of blocks whose headers are known, by their hashes: in one request, or in none; and makes sure of them. */
export class NewBlocks {
  readonly #options: NewBlocksOptions;
  /** Made where it is needed, as is `#sure`. */
  #reader: LogReader | null = null;
  readonly #filter: LogFilter;
  /** Made where it is needed: pipelines that share whole blocks hardly ever do. */
  #sure: SureLogs | null = null;
  #leave: (() => void) | null = null;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #tells: (header: BlockHeader) => boolean;
  readonly #excludes: (header: BlockHeader) => boolean;

  constructor(options: NewBlocksOptions) {
    this.#options = options;
    const filter = toLogFilter(options.filter);
    this.#filter = filter;
    this.#isWanted = matcherOf(filter);
    this.#excludes = bloomExcludes(filter, options.chain.proofs);
    this.#tells = bloomTells(filter);
  }

  /**
   * Returns what some blocks hold whose headers link up, oldest first; null where the node has them not (yet) or
   * not as a whole: then they must be read with more patience.
   */
  async fetch(known: readonly BlockHeader[], call: Call): Promise<FetchedRange | null> {
    const isRange = !this.#options.doubts && known.length > mostBlocks;
    const headers = isRange ? [] : known;
    const [first, last] = [headers[0], headers.at(-1)];
    if (first === undefined || last === undefined) return null;
    const range = { from: first.number, to: last.number };
    try {
      const told = await this.#ask(headers, call);
      const { logs, strays, removed } = cleanLogs(told, range, this.#isWanted);
      if (removed > 0 || strays > 0) throw new Inconsistency(`${removed + strays} logs do not belong there`);
      checkHashes(logs, headers);
      if (!this.#options.doubts) this.#checkHidden(logs, headers);
      const timestamps = new Map(headers.map((block) => [block.number, block.timestamp]));
      return { ...range, logs, last, headers, timestamps, bytes: 0 };
    } catch (error) {
      if (!(error instanceof RpcError || error instanceof Inconsistency)) throw error;
      const message = `reading new blocks anew: ${error.message}`;
      this.#options.logger.log('debug', message, { event: 'source.new_blocks', ...range });
      return null;
    }
  }

  /** Returns the headers from a block up to the head, linked; none where the node does not have them so. */
  async headers(from: number, latest: BlockHeader, call: Call): Promise<readonly BlockHeader[]> {
    const { chain, doubts, logger } = this.#options;
    // As a range they come with their logs.
    if (!doubts) return [];
    const numbers = Array.from({ length: latest.number - from }, (_item, index) => from + index);
    const below = await chain.headers(numbers, call);
    try {
      return checkLinks([...below, latest], from);
    } catch (error) {
      if (!(error instanceof Inconsistency)) throw error;
      const message = `reading new blocks anew: ${error.message}`;
      logger.log('debug', message, { event: 'source.new_blocks', from, to: latest.number });
      return [];
    }
  }

  /** Makes sure of blocks that were read with their headers; throws NodeLagsError where nothing proves their logs in time. */
  async confirm(fetched: FetchedRange, call: Call): Promise<FetchedRange> {
    if (!this.#options.doubts) return fetched;
    const { from, to, headers } = fetched;
    try {
      const told = await this.#ask(headers, call);
      const { logs } = cleanLogs(told, fetched, this.#isWanted);
      return { ...fetched, logs };
    } catch (error) {
      if (!(error instanceof RpcError || error instanceof Inconsistency)) throw error;
      throw new NodeLagsError(`no endpoint gives the logs of blocks ${from} to ${to} as a whole: ${error.message}`, {
        cause: error,
        hint: 'give one more --rpc-url, of a node that gives receipts (eth_getBlockReceipts)',
      });
    }
  }

  /** Follows the chain no more. */
  close(): void {
    this.#leave?.();
    this.#leave = null;
  }

  /** A node that has a block, and is not done with its receipts, gives no logs for it. */
  #checkHidden(logs: readonly RawLog[], headers: readonly BlockHeader[]): void {
    const told = new Set(logs.map((log) => log.blockNumber));
    const doubtful = headers.find((header) => !told.has(header.number) && this.#tells(header));
    if (doubtful === undefined) return;
    throw new Inconsistency(`no logs came for block ${doubtful.number}, whose bloom filter tells of some`);
  }

  async #ask(headers: readonly BlockHeader[], call: Call): Promise<readonly RawLog[]> {
    const asked = headers.filter((header) => !this.#excludes(header));
    if (asked.length === 0) return [];
    if (this.#options.doubts) return this.#askSurely(asked, call);
    const hashes = asked.map((header) => header.hash);
    this.#reader ??= new LogReader(this.#options.chain, this.#filter);
    const logs = await this.#reader.readBlocks(hashes, call.signal);
    await call.moved();
    return logs;
  }

  async #askSurely(asked: readonly BlockHeader[], call: Call): Promise<readonly RawLog[]> {
    const { shared } = this.#options;
    this.#leave ??= shared?.join() ?? null;
    if (shared?.isWorthwhile === true) {
      const logs = await shared.read(asked, call.signal);
      await call.moved();
      if (logs !== null) return logs.filter(this.#isWanted);
    }
    this.#sure ??= new SureLogs({ ...this.#options, filter: this.#filter });
    return this.#sure.read(asked, call);
  }
}
