import type { BlockRange } from '../model/block.js';
import type { RawLog } from '../model/event.js';
import { ChainUnreachableError } from '../runtime/errors.js';
import { checkBlockLogs } from './block-receipts.js';
import type { ChainClient, LogsAnswer } from './chain-client.js';
import { halvesOf } from './filter-parts.js';
import { matcherOf } from './log-filter.js';
import type { LogFilter } from './log-filter.js';
import { hostOf } from './range-size.js';
import { RpcError, asksForLess, isRefusal } from './rpc-error.js';

/**
 * Reads the logs of ranges. Where a node refuses even a single block, its receipts are read, or the logs address by
 * address and topic by topic; a filter that names too many of them is cut up for good.
 */
export class LogReader {
  readonly #chain: ChainClient;
  readonly #isWanted: (log: RawLog) => boolean;
  /** Filters that match together what is wanted. */
  #parts: readonly LogFilter[];

  constructor(chain: ChainClient, filter: LogFilter) {
    this.#chain = chain;
    this.#isWanted = matcherOf(filter);
    this.#parts = [filter];
  }

  /** Returns the logs of a range; throws RpcError where the node wants a smaller one, or lags behind it. */
  async read(range: BlockRange, signal: AbortSignal): Promise<LogsAnswer> {
    try {
      return await this.#readParts(range, signal);
    } catch (error) {
      if (range.from !== range.to || !isTooMuch(error)) throw error;
      return await this.#readOtherwise(range, error, signal);
    }
  }

  async #readOtherwise(block: BlockRange, refusal: RpcError, signal: AbortSignal): Promise<LogsAnswer> {
    try {
      return (await this.#readReceipts(block.from, signal)) ?? (await this.#readHalves(block, refusal, signal));
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      return await this.#readElsewhere(block, error, signal);
    }
  }

  async #readParts(range: BlockRange, signal: AbortSignal): Promise<LogsAnswer> {
    for (;;) {
      const parts = this.#parts;
      try {
        return await readEach(this.#chain, parts, range, signal);
      } catch (error) {
        // Another request may have cut the filter up in the meantime.
        if (!isFilterTooLong(error) || (parts === this.#parts && !this.#cutUp())) throw error;
      }
    }
  }

  #cutUp(): boolean {
    const halves = this.#parts.map((part) => halvesOf(part));
    if (halves.every((pair) => pair === null)) return false;
    this.#parts = this.#parts.flatMap((part, index) => halves[index] ?? [part]);
    return true;
  }

  /** Answers null where no endpoint gives receipts, or where they are too much as well. */
  async #readReceipts(block: number, signal: AbortSignal): Promise<LogsAnswer | null> {
    try {
      const answer = await this.#chain.blockLogs(block, signal);
      checkBlockLogs(answer.logs, answer.last);
      return { ...answer, logs: answer.logs.filter(this.#isWanted) };
    } catch (error) {
      if (isTooMuch(error) || isNotOffered(error)) return null;
      throw error;
    }
  }

  /** Others may give more than the endpoint that refused. */
  async #readElsewhere(block: BlockRange, refusal: RpcError, signal: AbortSignal): Promise<LogsAnswer> {
    const others = this.#chain.endpoints.filter((name) => hostOf(name) !== refusal.host);
    if (others.length === 0) throw refusal;
    return readEach(this.#chain.via({ only: others }), this.#parts, block, signal);
  }

  async #readHalves(block: BlockRange, refusal: RpcError, signal: AbortSignal): Promise<LogsAnswer> {
    const answers: LogsAnswer[] = [];
    const waiting = this.#parts.length > 1 ? [...this.#parts] : [...(halvesOf(this.#parts[0] as LogFilter) ?? [])];
    if (waiting.length === 0) throw refusal;
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      try {
        answers.push(await this.#chain.logs(part, block, signal));
      } catch (error) {
        const halves = halvesOf(part);
        if (!isTooMuch(error) || halves === null) throw error;
        waiting.unshift(...halves);
      }
    }
    return joined(answers);
  }
}

async function readEach(
  chain: ChainClient,
  parts: readonly LogFilter[],
  range: BlockRange,
  signal: AbortSignal,
): Promise<LogsAnswer> {
  const answers: LogsAnswer[] = [];
  for (const part of parts) answers.push(await chain.logs(part, range, signal));
  return joined(answers);
}

/** Logs of different states of the chain do not pass: each names its block, which is compared with the header. */
function joined(answers: readonly LogsAnswer[]): LogsAnswer {
  const [first] = answers;
  if (answers.length === 1 && first !== undefined) return first;
  const sum = (of: (answer: LogsAnswer) => number): number => answers.reduce((total, answer) => total + of(answer), 0);
  const last = answers.at(-1) as LogsAnswer;
  const logs = answers.flatMap((answer) => answer.logs);
  return { ...last, logs, bytes: sum(({ bytes }) => bytes), ms: sum(({ ms }) => ms) };
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

function isFilterTooLong(error: unknown): boolean {
  const cause = causeOf(error);
  return cause?.class === 'invalid-request' && /\b(addresses|topics|request is too large)\b/i.test(cause.message);
}
