import type { BlockRange, BlockRef } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import { checkBlockLogs } from '../blocks/block-receipts.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { Inconsistency } from '../blocks/consistency.js';
import { FilterParts, halvesOf } from './filter-parts.js';
import { matcherOf } from '../blocks/log-filter.js';
import { logsOfBlocks, logsOfBlocksAndHead, rangeLogs } from './log-calls.js';
import type { BlocksAnswer } from './log-calls.js';
import type { LogFilter } from '../blocks/log-filter.js';
import type { LogsAnswer } from '../blocks/logs-answer.js';
import { hostOf } from './range-size.js';
import type { SilentCaps } from './silent-caps.js';
import { RpcError, asksForLess, isRefusal } from '../transport/errors/rpc-error.js';

/** What was read, and by which filters, each in a request of its own; none where receipts told all. */
export interface ReadAnswer extends LogsAnswer {
  readonly filters: readonly LogFilter[];
}

/**
 * Reads the logs of ranges. Where a node refuses even a single block, its receipts are read, or the logs address by
 * address and topic by topic; a filter that names too many of them is cut up for good.
 */
export class LogReader {
  readonly #chain: ChainClient;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #parts: FilterParts;
  readonly #caps: SilentCaps | undefined;

  /** Where `caps` is given, answers that were cut off are refused as too much. */
  constructor(chain: ChainClient, filter: LogFilter, caps?: SilentCaps) {
    this.#chain = chain;
    this.#caps = caps;
    this.#isWanted = matcherOf(filter);
    this.#parts = new FilterParts(filter);
  }

  /** Returns the logs of a range; throws RpcError where the node wants a smaller one, or lags behind it. */
  async read(range: BlockRange, signal: AbortSignal): Promise<ReadAnswer> {
    try {
      return await this.#readParts(this.#chain, range, signal);
    } catch (error) {
      if (range.from !== range.to || !isTooMuch(error)) throw error;
      return await this.#readOtherwise(range, error, signal);
    }
  }

  /** Returns the logs of blocks named by their hashes; throws RpcError where the node does not know one. */
  async readBlocks(hashes: readonly string[], signal: AbortSignal): Promise<RawLog[]> {
    const answers = await this.#parts.readEach((part) => logsOfBlocks(this.#chain, part, hashes, signal));
    return answers.flat();
  }

  /** Returns the same, and the node's head; where the filter is cut up, the lowest that was told. */
  async readBlocksAndHead(hashes: readonly string[], signal: AbortSignal): Promise<BlocksAnswer> {
    const answers = await this.#parts.readEach((part) => logsOfBlocksAndHead(this.#chain, part, hashes, signal));
    const head = Math.min(...answers.map((answer) => answer.head));
    return { logs: answers.flatMap(({ logs }) => logs), head };
  }

  /** Returns the same of a range, whose last block must be the one that is named; throws RpcError where it can't be told at once. */
  async readRangeAndHead(from: number, last: BlockRef, signal: AbortSignal): Promise<BlocksAnswer> {
    const latest = await this.#chain.header('latest', signal);
    const answers = await this.#parts.readEach((part) =>
      rangeLogs(this.#chain, part, { from, to: last.number }, signal),
    );
    if (answers.some((answer) => answer.last.hash !== last.hash)) {
      throw new Inconsistency(`block ${last.number} is another one`);
    }
    return { logs: answers.flatMap(({ logs }) => logs), head: latest?.number ?? -1 };
  }

  async #readParts(chain: ChainClient, range: BlockRange, signal: AbortSignal): Promise<ReadAnswer> {
    return joined(await this.#parts.readEach((part) => this.#readPart(chain, part, range, signal)));
  }

  async #readPart(chain: ChainClient, part: LogFilter, range: BlockRange, signal: AbortSignal): Promise<ReadAnswer> {
    const answer = await rangeLogs(chain, part, range, signal);
    await this.#caps?.check(answer, part, range, signal);
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

  /** Answers null where no endpoint gives receipts, or where they are too much as well. */
  async #readReceipts(block: number, signal: AbortSignal): Promise<ReadAnswer | null> {
    try {
      const answer = await this.#chain.blockLogs(block, signal);
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
      this.#chain.passOver(endpoint);
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

/** Logs of different states of the chain do not pass: each names its block, which is compared with the header. */
function joined(answers: readonly ReadAnswer[]): ReadAnswer {
  const [first] = answers;
  if (answers.length === 1 && first !== undefined) return first;
  const sum = (of: (answer: ReadAnswer) => number): number => answers.reduce((total, answer) => total + of(answer), 0);
  const last = answers.at(-1) as ReadAnswer;
  const logs = answers.flatMap((answer) => answer.logs);
  const filters = answers.flatMap((answer) => answer.filters);
  return { ...last, logs, filters, bytes: sum(({ bytes }) => bytes), ms: sum(({ ms }) => ms) };
}

function isTooMuch(error: unknown): error is RpcError {
  return error instanceof RpcError && asksForLess(error);
}

function causeOf(error: unknown): RpcError | undefined {
  return error instanceof ChainUnreachableError && error.cause instanceof RpcError ? error.cause : undefined;
}

function isNotOffered(error: unknown): boolean {
  const cause = causeOf(error);
  return cause !== undefined && (isRefusal(cause) || cause.action === 'fatal');
}
