import type { BlockRange } from '../model/block.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { backoffMs } from '../runtime/retry.js';
import type { ChainClient } from './chain-client.js';
import { cleanLogs } from './clean-logs.js';
import { Inconsistency, checkHashes } from './consistency.js';
import { NodeLagsError } from './fetch-trouble.js';
import { matcherOf, toLogFilter } from './log-filter.js';
import type { LogFilter } from './log-filter.js';
import { LogReader } from './log-reader.js';
import type { FetchedRange } from './log-source.js';
import { RpcError, asksForLess, mayBeLimit } from './rpc-error.js';
import { tellAlike } from './tell-alike.js';
import type { Reading } from './tell-alike.js';

interface BlockWitnessesOptions {
  readonly chain: ChainClient;
  readonly filter: LogFilter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What one endpoint says of a range; a text where it can't say. */
interface Testimony {
  readonly endpoint: string;
  readonly said: Reading | string;
}

/** How often endpoints that do not agree are asked, over some ten seconds, before the head is looked at anew. */
const attempts = 8;
const backoff = { firstMs: 200, maxMs: 2_000 };
/** How long the others may take once one has answered, in milliseconds. */
const patienceMs = 3_000;
const late = new Error('not waited for');

/** Has new blocks confirmed: what two endpoints tell alike is believed, whoever told it first. */
export class BlockWitnesses {
  readonly #options: BlockWitnessesOptions;
  readonly #filter: LogFilter;
  readonly #readers: ReadonlyMap<string, LogReader>;

  constructor(options: BlockWitnessesOptions) {
    const { chain } = options;
    this.#options = options;
    this.#filter = toLogFilter(options.filter);
    this.#readers = new Map(
      chain.endpoints.map((name) => [name, new LogReader(chain.via({ only: [name] }), this.#filter)]),
    );
  }

  /**
   * Returns a verified range with the logs that two endpoints tell. Throws NodeLagsError where no two agree on it in time, or
   * agree on other blocks; ChainUnreachableError where there are no two to ask.
   */
  async confirm(fetched: FetchedRange, answered: () => Promise<void>, signal: AbortSignal): Promise<FetchedRange> {
    for (let attempt = 1; ; attempt++) {
      const heard = await this.#hear(fetched, signal);
      await answered();
      const agreed = pairIn(heard);
      if (agreed?.last.hash === fetched.last.hash) return this.#confirmed(fetched, agreed);
      const complaint = complaintOf(fetched, heard, agreed);
      if (agreed !== null || attempt >= attempts) throw new NodeLagsError(complaint, { hint });
      const fields = { event: 'source.unconfirmed', from: fetched.from, to: fetched.to };
      this.#options.logger.log('info', `asking again: ${complaint}`, fields);
      await this.#options.clock.sleep(backoffMs(attempt, backoff), signal);
    }
  }

  #confirmed(fetched: FetchedRange, agreed: Reading): FetchedRange {
    if (tellAlike(fetched, agreed)) return fetched;
    const { from, to, logs } = fetched;
    const message = `two endpoints agree on ${agreed.logs.length} logs in blocks ${from} to ${to}, where ${logs.length} had been told`;
    this.#options.logger.log('warn', message, { event: 'source.outvoted', from, to });
    return { ...fetched, logs: agreed.logs };
  }

  /** Asks all at once; hears no more when two agree, or some time after the first has answered. */
  async #hear(fetched: FetchedRange, signal: AbortSignal): Promise<readonly Testimony[]> {
    const enough = new AbortController();
    const both = AbortSignal.any([signal, enough.signal]);
    const heard: Testimony[] = [];
    const asked = [...this.#readers].map(async ([endpoint, reader]) => {
      const said = await this.#ask(reader, fetched, both);
      if (heard.push({ endpoint, said }) === 1) void this.#abortLater(enough);
      if (pairIn(heard) !== null) enough.abort(late);
    });
    const outcomes = await Promise.allSettled(asked);
    enough.abort(late);
    signal.throwIfAborted();
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    if (heard.length === 0) throw failures[0];
    return heard;
  }

  async #abortLater(enough: AbortController): Promise<void> {
    await this.#options.clock.sleep(patienceMs, enough.signal).catch(() => undefined);
    enough.abort(late);
  }

  async #ask(reader: LogReader, fetched: FetchedRange, signal: AbortSignal): Promise<Reading | string> {
    try {
      const { logs: told, last } = await readWhole(reader, fetched, signal);
      const { logs, removed } = cleanLogs(told, fetched, matcherOf(this.#filter));
      if (removed > 0) throw new Inconsistency('its logs are of blocks that were replaced');
      checkHashes(logs, last.hash === fetched.last.hash ? fetched.headers : [last]);
      return { logs, last };
    } catch (error) {
      if (error instanceof RpcError || error instanceof Inconsistency) return error.message;
      throw error;
    }
  }
}

const hint = 'verify_heads asks that two endpoints tell the same of a new block: give one more --rpc-url';

/** Reads a range, in halves where an endpoint does not give it at once. */
async function readWhole(reader: LogReader, range: BlockRange, signal: AbortSignal): Promise<Reading> {
  const { from, to } = range;
  try {
    return await reader.read({ from, to }, signal);
  } catch (error) {
    if (from === to || !(error instanceof RpcError) || !(asksForLess(error) || mayBeLimit(error))) throw error;
    const middle = Math.floor((from + to) / 2);
    const first = await readWhole(reader, { from, to: middle }, signal);
    const second = await readWhole(reader, { from: middle + 1, to }, signal);
    return { logs: [...first.logs, ...second.logs], last: second.last };
  }
}

/** Returns what two endpoints tell alike; null where no two do. */
function pairIn(heard: readonly Testimony[]): Reading | null {
  const readings = heard.flatMap(({ said }) => (typeof said === 'string' ? [] : [said]));
  return readings.find((one, index) => readings.slice(index + 1).some((other) => tellAlike(one, other))) ?? null;
}

function complaintOf({ last, logs }: FetchedRange, heard: readonly Testimony[], agreed: Reading | null): string {
  const shown = (reading: Reading): string => `${reading.last.hash} and ${reading.logs.length} logs`;
  const told = `block ${last.number} is ${shown({ last, logs })}`;
  if (agreed !== null) return `${told}, but two endpoints agree on ${shown(agreed)}`;
  const others = heard.map(({ endpoint, said }) => (typeof said === 'string' ? said : `${endpoint}: ${shown(said)}`));
  return `no two endpoints agree on block ${last.number} in time (${others.join('; ')})`;
}
