import type { BlockRange, BlockRef } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import { checkBlockLogs } from '../blocks/block-receipts.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { Inconsistency } from '../blocks/consistency.js';
import { isCheaperWithoutAddresses } from './address-cost.js';
import { FilterParts, halvesOf } from './filter-parts.js';
import { matcherOf } from '../blocks/log-filter.js';
import { logsOfBlocks, logsOfBlocksAndHead, rangeLogs } from './log-calls.js';
import type { BlocksAnswer } from './log-calls.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { LogsAnswer } from '../blocks/logs-answer.js';
import type { AskedRange } from './range-head.js';
import { hostOf } from './range-size.js';
import type { SilentCaps } from './silent-caps.js';
import { RpcError, asksForLess, isDeclined, isRefusal } from '../transport/errors/rpc-error.js';

/** What was read, and by which filters, each in a request of its own; none where receipts told all. */
export interface ReadAnswer extends LogsAnswer {
  readonly filters: readonly LogFilter[];
  /** What came before others' logs were left out, where the filters name no addresses though some are wanted. */
  readonly all?: readonly RawLog[];
}

/** How many blocks are looked at to know which way is cheaper, and after how many ranges again. */
const sampleBlocks = 8;
const rangesUntilSampled = 200;
/** For how long single blocks are asked for by the addresses once what names none was refused, in milliseconds. */
const refusedMs = 600_000;

/**
 * Reads the logs of ranges. Where a node refuses even a single block, its receipts are read, or the logs address by
 * address and topic by topic; a filter that names too many of them is cut up for good.
 */
export class LogReader {
  readonly #chain: ChainClient;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #parts: FilterParts;
  readonly #caps: SilentCaps | undefined;
  readonly #addresses: number;
  /** Whether ranges are read whichever contract their logs are of, and for how many more of them that is known. */
  #isOfAny = false;
  #known = 0;
  #refusedUntil = Number.NEGATIVE_INFINITY;

  /** Where `caps` is given, answers that were cut off are refused as too much. */
  constructor(chain: ChainClient, filter: LogFilter, caps?: SilentCaps) {
    this.#chain = chain;
    this.#caps = caps;
    this.#isWanted = matcherOf(filter);
    this.#parts = new FilterParts(filter, chain.addressCap);
    this.#addresses = filter.addresses?.length ?? 0;
  }

  /** True where one request tells of a range. */
  get isWhole(): boolean {
    return this.#parts.all.length === 1;
  }

  /**
   * Returns the logs of a range, or of its first blocks, up to the last block of the answer; throws RpcError where the node wants a
   * smaller one, or lags behind it.
   */
  async read(range: AskedRange, signal: AbortSignal): Promise<ReadAnswer> {
    try {
      return await this.#readParts(this.#chain, range, signal);
    } catch (error) {
      const asked = range.of?.(error) ?? range;
      if (asked.from !== asked.to || !isTooMuch(error)) throw error;
      return await this.#readOtherwise(asked, error, signal);
    }
  }

  /** Returns the logs of blocks named by their hashes; throws RpcError where the node does not know one. */
  async readBlocks(hashes: readonly string[], signal: AbortSignal): Promise<RawLog[]> {
    const answers = await this.#ofBlocks(async (part) => ({
      logs: await logsOfBlocks(this.#chain, part, hashes, signal),
    }));
    return answers.flatMap(({ logs }) => logs);
  }

  /** Returns the same, and the node's head; where the filter is cut up, the lowest that was told. */
  async readBlocksAndHead(hashes: readonly string[], signal: AbortSignal): Promise<BlocksAnswer> {
    const answers = await this.#ofBlocks((part) => logsOfBlocksAndHead(this.#chain, part, hashes, signal));
    const head = Math.min(...answers.map((answer) => answer.head));
    return { logs: answers.flatMap(({ logs }) => logs), head };
  }

  /** Returns the same of a range, whose last block must be the one that is named; throws RpcError where it can't be told at once. */
  async readRangeAndHead(from: number, last: BlockRef, signal: AbortSignal): Promise<BlocksAnswer> {
    const latest = await this.#chain.header('latest', signal);
    const answers = await this.#ofBlocks((part) => rangeLogs(this.#chain, part, { from, to: last.number }, signal));
    if (answers.some((answer) => answer.last.hash !== last.hash)) {
      throw new Inconsistency(`block ${last.number} is another one`);
    }
    return { logs: answers.flatMap(({ logs }) => logs), head: latest?.number ?? -1 };
  }

  /** Of single blocks one answer with others' logs, which are left out here, is cheaper than several without; not every node gives it. */
  async #ofBlocks<T extends Pick<LogsAnswer, 'logs'>>(read: (part: LogFilter) => Promise<T>): Promise<T[]> {
    const ofAny = this.#parts.ofAnyContract;
    if (ofAny === null || this.#chain.now() < this.#refusedUntil) return this.#parts.readEach(read);
    try {
      const answers = await Promise.all(ofAny.map(read));
      return answers.map((answer) => ({ ...answer, logs: answer.logs.filter(this.#isWanted) }));
    } catch (error) {
      if (!isDeclined(error)) throw error;
      this.#refusedUntil = this.#chain.now() + refusedMs;
      return this.#parts.readEach(read);
    }
  }

  async #readParts(chain: ChainClient, range: AskedRange, signal: AbortSignal): Promise<ReadAnswer> {
    const ofAny = this.#parts.ofAnyContract;
    if (ofAny !== null && (await this.#prefers(ofAny, chain, range, signal))) {
      try {
        return await this.#readOfAny(ofAny, chain, range, signal);
      } catch (error) {
        // What asks for less, or for another try, is for whoever knows the range.
        if (error instanceof RpcError || !isDeclined(error)) throw error;
        this.#isOfAny = false;
      }
    }
    return joined(await this.#parts.readEach((part) => this.#readPart(chain, part, range, signal)));
  }

  async #readOfAny(
    parts: readonly LogFilter[],
    chain: ChainClient,
    range: AskedRange,
    signal: AbortSignal,
  ): Promise<ReadAnswer> {
    const answer = joined(await Promise.all(parts.map((part) => this.#readPart(chain, part, range, signal))));
    return { ...answer, all: answer.logs, logs: answer.logs.filter(this.#isWanted) };
  }

  /** Says whether one request with others' logs is cheaper than several without: some blocks tell, now and then. */
  async #prefers(
    ofAny: readonly LogFilter[],
    chain: ChainClient,
    { from, to, isOptional = false }: AskedRange,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (this.#known-- > 0) return this.#isOfAny;
    this.#known = rangesUntilSampled;
    const some = { from, to: Math.min(to, from + sampleBlocks - 1), isOptional };
    try {
      const answers = await Promise.all(ofAny.map((part) => rangeLogs(chain, part, some, signal)));
      const logs = answers.flatMap((answer) => answer.logs);
      const bytes = answers.reduce((sum, answer) => sum + answer.bytes, 0);
      const wanted = logs.filter(this.#isWanted).length;
      const sample = { blocks: some.to - from + 1, logs: logs.length, wanted, bytes };
      const parts = this.#parts.all.length / ofAny.length;
      this.#isOfAny = isCheaperWithoutAddresses(sample, { addresses: this.#addresses, parts, blocks: to - from + 1 });
    } catch (error) {
      if (!isTooMuch(error) && !isDeclined(error)) throw error;
      this.#isOfAny = false;
    }
    return this.#isOfAny;
  }

  async #readPart(chain: ChainClient, part: LogFilter, range: AskedRange, signal: AbortSignal): Promise<ReadAnswer> {
    const answer = await rangeLogs(chain, part, range, signal);
    await this.#caps?.check(answer, part, { from: range.from, to: answer.last.number }, signal);
    return { ...answer, filters: [part] };
  }

  async #readOtherwise(block: BlockRange, refusal: RpcError, signal: AbortSignal): Promise<ReadAnswer> {
    try {
      return (await this.#readReceipts(block.from, signal)) ?? (await this.#readHalves(block, refusal, signal));
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      return await this.#readElsewhere(block, error, signal);
    }
  }

  /** Answers null where no endpoint gives receipts, where they do not hold all logs, or are too much as well. */
  async #readReceipts(block: number, signal: AbortSignal): Promise<ReadAnswer | null> {
    try {
      const answer = await this.#chain.blockLogs(block, signal);
      if (answer === null) return null;
      this.#checkReceipts(answer);
      return { ...answer, logs: answer.logs.filter(this.#isWanted), filters: [] };
    } catch (error) {
      if (isTooMuch(error) || isNotOffered(error)) return null;
      throw error;
    }
  }

  #checkReceipts({ logs, last, endpoint }: LogsAnswer): void {
    try {
      checkBlockLogs(logs, last);
    } catch (error) {
      // Where it lacks some it may always do so; another may not even refuse the block.
      this.#chain.distrust(endpoint);
      throw error;
    }
  }

  /** Others may give more than the endpoint that refused. */
  async #readElsewhere(block: BlockRange, refusal: RpcError, signal: AbortSignal): Promise<ReadAnswer> {
    const others = this.#chain.endpoints.filter((name) => hostOf(name) !== refusal.host);
    if (others.length === 0) throw refusal;
    return this.#readParts(this.#chain.via({ only: others }), block, signal);
  }

  async #readHalves(block: BlockRange, refusal: RpcError, signal: AbortSignal): Promise<ReadAnswer> {
    const answers: ReadAnswer[] = [];
    const parts = this.#parts.all;
    const waiting = parts.length > 1 ? [...parts] : [...(halvesOf(parts[0] as LogFilter) ?? [])];
    if (waiting.length === 0) throw refusal;
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      try {
        answers.push(await this.#readPart(this.#chain, part, block, signal));
      } catch (error) {
        const halves = halvesOf(part);
        if (!isTooMuch(error) || halves === null) throw error;
        waiting.unshift(...halves);
      }
    }
    return joined(answers);
  }
}

/**
 * Logs of different states of the chain do not pass: each names its block, which is compared with the header. All are known up to
 * the last block of the shortest.
 */
function joined(answers: readonly ReadAnswer[]): ReadAnswer {
  const [first] = answers;
  if (answers.length === 1 && first !== undefined) return first;
  const sum = (of: (answer: ReadAnswer) => number): number => answers.reduce((total, answer) => total + of(answer), 0);
  const shortest = answers.reduce((one, other) => (other.last.number <= one.last.number ? other : one));
  const to = shortest.last.number;
  if (answers.some(({ last: { number, hash } }) => number === to && hash !== shortest.last.hash)) {
    throw new Inconsistency(`block ${to} is another one in another answer`);
  }
  const logs = answers.flatMap(({ logs: told, last }) =>
    last.number === to ? told : told.filter(({ blockNumber }) => blockNumber <= to),
  );
  const filters = answers.flatMap((answer) => answer.filters);
  return { ...shortest, logs, filters, bytes: sum(({ bytes }) => bytes), ms: sum(({ ms }) => ms) };
}

function isTooMuch(error: unknown): error is RpcError {
  return error instanceof RpcError && asksForLess(error);
}

function causeOf(error: unknown): RpcError | undefined {
  return error instanceof ChainUnreachableError && error.cause instanceof RpcError ? error.cause : undefined;
}

function isNotOffered(error: unknown): boolean {
  const cause = causeOf(error);
  return cause !== undefined && (isRefusal(cause) || cause.class === 'invalid-request');
}
