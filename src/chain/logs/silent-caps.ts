import type { BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { Logger } from '../../runtime/logger.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { Inconsistency } from '../blocks/consistency.js';
import { matcherOf } from '../blocks/log-filter.js';
import type { LogFilter } from '../../model/log-filter.js';
import { rangeLogs } from './log-calls.js';
import type { LogsAnswer } from '../blocks/logs-answer.js';
import { hostOf } from './range-size.js';

/** Nobody cuts off so few logs. */
export const leastCut = 100;
/** Many a limit is a multiple of this. */
const roundLogs = 1_000;
/** How often the same number of logs of as many blocks must turn out to be whole to be taken for what they hold. */
const looksNeeded = 2;

/** What one endpoint has given: its longest answer, where it was found to stop, and how often so many logs of so many blocks were whole. */
interface Given {
  most: number;
  cap: number;
  readonly whole: Map<string, number>;
  /** Resolves when an answer has been looked at; null where none is. */
  looking: Promise<void> | null;
}

/**
 * Finds endpoints that give only so many logs at once and do not say that there are more. An answer with as many logs as there
 * ever were, or more, or with a round number of them, may be cut off: what it begins and ends with is asked for again.
 */
export class SilentCaps {
  readonly #chain: ChainClient;
  readonly #logger: Logger;
  /** By the names of endpoints. */
  readonly #given = new Map<string, Given>();

  constructor(chain: ChainClient, logger: Logger) {
    this.#chain = chain;
    this.#logger = logger;
  }

  /**
   * Throws RpcError of class density, with what the endpoint gives at most, where an answer was cut off; Inconsistency where less came
   * when it was looked at again.
   */
  async check(answer: LogsAnswer, filter: LogFilter, range: BlockRange, signal: AbortSignal): Promise<void> {
    const given = this.#of(answer.endpoint);
    // What is being found out of one answer tells of others that hold as many logs.
    while (isSuspect(answer, range, given) && given.looking !== null) await given.looking;
    if (!isSuspect(answer, range, given)) return;
    const look = this.#look(given, answer, filter, range, signal);
    given.looking = look.catch(() => undefined).finally(() => (given.looking = null));
    await look;
  }

  async #look(
    given: Given,
    answer: LogsAnswer,
    filter: LogFilter,
    range: BlockRange,
    signal: AbortSignal,
  ): Promise<void> {
    const count = answer.logs.length;
    const isKnown = count >= given.cap;
    if (isKnown || !(await this.#isWhole(answer, filter, range, signal))) {
      given.cap = Math.min(given.cap, count);
      if (isKnown) this.#chain.passOver(answer.endpoint);
      else this.#chain.distrust(answer.endpoint);
      throw this.#cutOff(answer, range, isKnown ? 'debug' : 'warn');
    }
    given.most = Math.max(given.most, count);
    const what = sizeOf(answer, range);
    given.whole.set(what, (given.whole.get(what) ?? 0) + 1);
  }

  #of(endpoint: string): Given {
    const given = this.#given.get(endpoint) ?? {
      most: 0,
      cap: Number.POSITIVE_INFINITY,
      whole: new Map(),
      looking: null,
    };
    this.#given.set(endpoint, given);
    return given;
  }

  async #isWhole(answer: LogsAnswer, filter: LogFilter, range: BlockRange, signal: AbortSignal): Promise<boolean> {
    const { endpoint, logs, last } = answer;
    if (range.from === range.to) {
      const [receipts] = (await this.#chain.receiptsOfBlocks([last.hash], signal)) ?? [];
      return (receipts?.logs.filter(matcherOf(filter)).length ?? 0) <= placesOf(logs).size;
    }
    // Another one can tell as well where it went away meanwhile.
    const client = this.#chain.via({ first: endpoint });
    const looks = endsOf(logs, range);
    const again = await Promise.all(looks.map((look) => rangeLogs(client, filter, look, signal)));
    const more = looks.map(({ from, to }, index) => {
      const told = logs.filter(({ blockNumber }) => blockNumber >= from && blockNumber <= to);
      return placesOf(again[index]?.logs ?? []).size - placesOf(told).size;
    });
    if (more.some((count) => count > 0)) return false;
    // Whoever has less at another time lacks something then: that is no limit.
    const short = again[more.findIndex((count) => count < 0)];
    if (short === undefined) return true;
    this.#chain.distrust(short.endpoint);
    throw new Inconsistency(`${short.endpoint} gives fewer logs up to block ${short.last.number} than came before`);
  }

  #cutOff({ endpoint, logs }: LogsAnswer, { from, to }: BlockRange, level: 'debug' | 'warn'): RpcError {
    const message = `gives ${logs.length} logs of blocks ${from} to ${to}, and does not say that there are more`;
    const error = new RpcError(message, { class: 'density', host: hostOf(endpoint), cap: logs.length });
    this.#logger.log(level, error.message, { event: 'rpc.incomplete', host: endpoint, from, to });
    return error;
  }
}

function isSuspect(answer: LogsAnswer, range: BlockRange, { most, cap, whole }: Given): boolean {
  const count = answer.logs.length;
  if (count <= leastCut) return false;
  if (count >= cap) return true;
  return (count >= most || count % roundLogs === 0) && (whole.get(sizeOf(answer, range)) ?? 0) < looksNeeded;
}

/** As many logs of more blocks are another matter. */
function sizeOf({ logs }: LogsAnswer, { from, to }: BlockRange): string {
  return `${logs.length} of ${to - from + 1}`;
}

/** Returns the stretches at the ends of a range in which logs are missing if there are any. */
function endsOf(logs: readonly RawLog[], { from, to }: BlockRange): readonly BlockRange[] {
  let [first, last] = [to, from];
  for (const { blockNumber } of logs) {
    first = Math.max(from, Math.min(first, blockNumber));
    last = Math.min(to, Math.max(last, blockNumber));
  }
  const start = { from, to: first };
  const tail = { from: last, to };
  // Where all stands in one block, to ask for that and what is beyond it would be the same question.
  if (last === from) return [start, { from: from + 1, to }];
  if (first === to) return [{ from, to: to - 1 }, tail];
  return first === last
    ? [
        { from, to: first - 1 },
        { from: first, to: first },
        { from: last + 1, to },
      ]
    : [start, tail];
}

/** Some endpoints give some logs twice. */
function placesOf(logs: readonly RawLog[]): ReadonlySet<string> {
  return new Set(
    logs.map(({ blockNumber, transactionIndex, logIndex }) => `${blockNumber} ${transactionIndex} ${logIndex}`),
  );
}
