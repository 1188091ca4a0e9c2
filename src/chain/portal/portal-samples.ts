import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { LogFilter } from '../../model/log-filter.js';
import { quietCall } from '../../runtime/call.js';
import type { Clock } from '../../runtime/clock.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import { abortLater } from '../../runtime/give-up-later.js';
import type { Logger } from '../../runtime/logger.js';
import { scoped } from '../../runtime/scope.js';
import { bloomTestOf } from '../blocks/bloom.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { givesItsHash } from '../blocks/header-hash.js';
import { matcherOf, partsOf, toLogFilter } from '../blocks/log-filter.js';
import { logsOfBlocks } from '../logs/log-calls.js';
import type { FetchedRange } from '../blocks/range-reader.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import { PortalError } from './portal-error.js';

interface PortalSamplesOptions {
  readonly chain: ChainClient;
  readonly filter: LogFilter;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Returns a number from 0 to below 1; Math.random where nothing is said. */
  readonly random?: () => number;
  /** Until when no node is asked, for all who share it; of this one alone where nothing is given. */
  readonly rest?: SamplesRest;
}

/** Until when no node is asked for samples, by the monotonic clock. */
export interface SamplesRest {
  until: number;
}

/** How long a node may take to tell of a sample, and for how long none is asked after one that did not, in milliseconds. */
const patienceMs = 60_000;
const restMs = 600_000;

/** Holds what a portal says of some blocks against what a node says: their headers, their bloom filters, their logs. */
export class PortalSamples {
  readonly #options: PortalSamplesOptions;
  readonly #filter: LogFilter;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #mayHold: (bloom: string | undefined) => boolean;
  readonly #rest: SamplesRest;

  constructor(options: PortalSamplesOptions) {
    this.#options = options;
    this.#rest = options.rest ?? { until: Number.NEGATIVE_INFINITY };
    this.#filter = toLogFilter(options.filter);
    this.#isWanted = matcherOf(this.#filter);
    this.#mayHold = bloomTestOf(this.#filter);
  }

  /**
   * Looks at the last block of a range, at one of which it has logs, and at any other. Throws PortalError where the node tells
   * them otherwise.
   */
  async check(fetched: FetchedRange, signal: AbortSignal): Promise<void> {
    if (this.#options.clock.monotonic() < this.#rest.until) return;
    const reason = (): Error => new ChainUnreachableError(`no answer within ${patienceMs / 1_000} s`);
    const limit = { clock: this.#options.clock, delayMs: patienceMs, reason };
    const late = abortLater(limit);
    try {
      await scoped([signal, late.signal], (limited) => this.#compareTwice(fetched, limited));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ChainUnreachableError || error instanceof RpcError)) throw error;
      this.#bear(error);
    } finally {
      late.callOff();
    }
  }

  /** Of several nodes behind a URL one may be wrong for a moment. */
  async #compareTwice(fetched: FetchedRange, signal: AbortSignal): Promise<void> {
    const chosen = this.#choose(fetched);
    try {
      await this.#compare(fetched, chosen, signal);
    } catch (error) {
      if (!(error instanceof PortalError)) throw error;
      await this.#compare(fetched, chosen, signal);
    }
  }

  async #compare(fetched: FetchedRange, chosen: readonly number[], signal: AbortSignal): Promise<void> {
    const headers = await this.#options.chain.headers(chosen, quietCall(signal));
    // A node need not have every block of history.
    const known = headers.filter((header) => header !== null);
    for (const header of known) compareHeader(fetched, header);
    await this.#compareLogs(fetched, known, signal);
  }

  /** Logs that are all wrong show in any block that has some, logs that were left out in one that has none. */
  #choose({ from, to, logs }: FetchedRange): readonly number[] {
    const { random = Math.random } = this.#options;
    const log = logs[Math.floor(random() * logs.length)];
    const any = from + Math.floor(random() * (to - from + 1));
    return [...new Set([...(log === undefined ? [] : [log.blockNumber]), any, to])];
  }

  async #compareLogs({ logs }: FetchedRange, headers: readonly BlockHeader[], signal: AbortSignal): Promise<void> {
    const samples = new Map(
      headers.map((header) => [header.number, { header, told: [] as RawLog[], found: new Set<string>() }]),
    );
    for (const log of logs) samples.get(log.blockNumber)?.told.push(log);
    const hashes = [...samples.values()].filter((sample) => this.#hasLogs(sample)).map(({ header }) => header.hash);
    if (hashes.length === 0) return;
    for (const part of partsOf(this.#filter)) {
      for (const log of await logsOfBlocks(this.#options.chain, part, hashes, signal))
        if (this.#isWanted(log)) samples.get(log.blockNumber)?.found.add(textOf(log));
    }
    for (const [number, { told, found }] of samples) {
      if (found.size === told.length && told.every((log) => found.has(textOf(log)))) continue;
      const differs =
        found.size === told.length ? 'others than a node has' : `and not the ${found.size} that a node has`;
      throw disproved(`of block ${number} it has ${told.length} logs, ${differs}`);
    }
  }

  /** Says whether there may be logs of a block to compare; throws PortalError where there can't be those that the portal has. */
  #hasLogs({ header, told }: { readonly header: BlockHeader; readonly told: readonly RawLog[] }): boolean {
    const { number, logsBloom } = header;
    const mayHold = this.#mayHold(logsBloom);
    if (told.length > 0 && logsBloom !== undefined && !mayHold && givesItsHash(header))
      throw disproved(`it has logs of block ${number}, whose bloom filter rules them out`);
    return told.length > 0 || mayHold;
  }

  #bear(error: Error): void {
    const { clock, logger } = this.#options;
    const isNews = clock.monotonic() >= this.#rest.until;
    this.#rest.until = clock.monotonic() + restMs;
    const message = `the portal's answers are not held against a node's for ${restMs / 60_000} min: ${error.message}`;
    logger.log(isNews ? 'warn' : 'debug', message, { event: 'portal.unchecked' });
  }
}

function compareHeader({ headers, logs, timestamps }: FetchedRange, node: BlockHeader): void {
  const { number } = node;
  const log = logs.find((each) => each.blockNumber === number);
  const told = headers.find((header) => header.number === number);
  const hash = told?.hash ?? log?.blockHash ?? node.hash;
  const timestamp = told?.timestamp ?? timestamps.get(number) ?? node.timestamp;
  if (hash === node.hash && timestamp === node.timestamp) return;
  throw disproved(`block ${number} is another one than at a node`);
}

function disproved(message: string): PortalError {
  return new PortalError(message, { class: 'disproved' });
}

function textOf({ logIndex, transactionHash, transactionIndex, address, topics, data }: RawLog): string {
  return [logIndex, transactionHash, transactionIndex, address, data, ...topics].join(' ');
}
