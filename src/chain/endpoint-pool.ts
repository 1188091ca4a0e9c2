import type { Clock } from '../runtime/clock.js';
import { ChainMismatchError, ChainUnreachableError } from '../runtime/errors.js';
import type { Logger } from '../runtime/logger.js';
import { backoffMs } from '../runtime/retry.js';
import type { Backoff } from '../runtime/retry.js';
import { isChosen } from './endpoint-choice.js';
import type { EndpointChoice } from './endpoint-choice.js';
import type { JsonRpcEndpoint } from './json-rpc.js';
import { openEndpoints } from './open-endpoints.js';
import { refusalHint } from './refusal-hint.js';
import { RpcError, asksForLess, isRefusal } from './rpc-error.js';
import { MalformedValue, readQuantity } from './rpc-values.js';
import type { OpenTransport } from './transport.js';

export interface EndpointPoolOptions {
  readonly urls: readonly string[];
  /** The chain that is meant: endpoints of another are put aside. */
  readonly chainId?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often a call is tried in all; 10, over about half a minute, where nothing is said. */
  readonly attempts?: number | undefined;
  /** How often while no endpoint has ever been reached; 6, over a few seconds: a wrong URL should be told soon. */
  readonly firstAttempts?: number | undefined;
  /** How often while endpoints that had answered can't be reached; 120, over about a quarter of an hour. */
  readonly outageAttempts?: number | undefined;
  readonly backoff?: Backoff | undefined;
  /** How long one request may take, in milliseconds. */
  readonly requestTimeoutMs?: number | undefined;
  /** How URLs are reached; over HTTP or a WebSocket, as they say, where nothing is said. */
  readonly transport?: OpenTransport | undefined;
}

/** What one endpoint is asked, and what is made of its answers. */
export type Work<T> = (endpoint: JsonRpcEndpoint) => Promise<T>;

interface AskOptions {
  /** Errors that are thrown as they are: whoever asks knows better what to do. */
  readonly isForCaller: (error: RpcError) => boolean;
  readonly choice: EndpointChoice;
}

/** The longest that a server's own wish to be left alone is granted, in milliseconds. */
const longestWaitMs = 60_000;
/** The round whose failure an operator should hear of: what comes before passes by itself. */
const longTrouble = 5;
/** How long an endpoint's chain is taken for granted even when its connection breaks, in milliseconds. */
const verifiedForMs = 30_000;

/** Asks endpoints of one chain, the one that answered last first, until one answers or all bounds are reached. */
export class EndpointPool {
  /** The chain that is meant; undefined: whichever the endpoints serve. */
  readonly chainId: number | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #bounds: { readonly attempts: number; readonly firstAttempts: number; readonly outageAttempts: number };
  readonly #backoff: Backoff;
  /** Endpoints that are known to serve the chain, with the monotonic time at which they were asked. */
  readonly #verifiedAt = new Map<JsonRpcEndpoint, number>();
  /** Endpoints of another chain, with its id. */
  readonly #strangers = new Map<JsonRpcEndpoint, number>();
  readonly #names: readonly string[];
  #endpoints: readonly JsonRpcEndpoint[];
  #hasAnswered = false;

  constructor(options: EndpointPoolOptions) {
    const { urls, clock, logger, attempts = 10, requestTimeoutMs: timeoutMs } = options;
    const { firstAttempts = Math.min(attempts, 6), outageAttempts = Math.max(attempts, 120) } = options;
    this.chainId = options.chainId;
    this.#clock = clock;
    this.#logger = logger;
    this.#bounds = { attempts, firstAttempts, outageAttempts };
    this.#backoff = options.backoff ?? { firstMs: 250, maxMs: 10_000 };
    this.#endpoints = openEndpoints(urls, { clock, timeoutMs, transport: options.transport });
    this.#names = this.#endpoints.map(({ name }) => name);
  }

  /** Returns the time by the pool's clock, in milliseconds, for measuring how long answers take. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** Returns the names of the chosen endpoints, in the order in which they were given. */
  names(choice: EndpointChoice): readonly string[] {
    return this.#names.filter((name) => isChosen(choice, name));
  }

  /** Returns the chosen endpoints that can tell news by themselves. */
  telling(choice: EndpointChoice): readonly JsonRpcEndpoint[] {
    return this.#endpoints.filter(({ name, push }) => push !== null && isChosen(choice, name));
  }

  /**
   * Returns what `work` makes of an endpoint. Errors for which `isForCaller` holds are thrown as they are; others are
   * retried and end in ChainUnreachableError.
   */
  async ask<T>(work: Work<T>, { isForCaller, choice }: AskOptions, signal: AbortSignal): Promise<T> {
    const refusals = new Map<JsonRpcEndpoint, RpcError>();
    for (let attempt = 1; ; attempt++) {
      const failures: RpcError[] = [];
      for (const endpoint of this.#usable(refusals, choice)) {
        const outcome = await this.#try(endpoint, work, signal);
        if ('answer' in outcome) return outcome.answer;
        if (outcome.failure === null) continue;
        if (isForCaller(outcome.failure)) throw this.#handOver(outcome.failure, endpoint);
        if (outcome.failure.action === 'fatal') throw unreachable(outcome.failure, attempt);
        if (isRefusal(outcome.failure)) refusals.set(endpoint, outcome.failure);
        else failures.push(outcome.failure);
      }
      await this.#waitOrGiveUp(attempt, failures, [...refusals.values()], signal);
    }
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
  }

  #usable(refusals: ReadonlyMap<JsonRpcEndpoint, RpcError>, choice: EndpointChoice): JsonRpcEndpoint[] {
    const chosen = this.#endpoints.filter(({ name }) => isChosen(choice, name));
    return chosen.filter((endpoint) => !refusals.has(endpoint) && !this.#strangers.has(endpoint));
  }

  /** A null failure: the endpoint turned out to serve another chain. */
  async #try<T>(
    endpoint: JsonRpcEndpoint,
    work: Work<T>,
    signal: AbortSignal,
  ): Promise<{ readonly answer: T } | { readonly failure: RpcError | null }> {
    try {
      if (!(await this.#isOurs(endpoint, signal))) return { failure: null };
      const answer = await work(endpoint);
      this.#prefer(endpoint);
      this.#hasAnswered = true;
      return { answer };
    } catch (error) {
      const failure = error instanceof MalformedValue ? malformedAnswer(error, endpoint.host) : error;
      if (!(failure instanceof RpcError)) throw error;
      if (failure.lostConnection) this.#doubt(endpoint);
      return { failure };
    }
  }

  async #isOurs(endpoint: JsonRpcEndpoint, signal: AbortSignal): Promise<boolean> {
    const { chainId } = this;
    if (chainId === undefined || this.#verifiedAt.has(endpoint)) return true;
    const found = readQuantity(await endpoint.call('eth_chainId', [], signal), 'the chain id');
    if (found === chainId) {
      this.#verifiedAt.set(endpoint, this.#clock.monotonic());
      return true;
    }
    this.#strangers.set(endpoint, found);
    const message = `${endpoint.host} serves chain ${found}, not chain ${chainId}: it is not asked any more`;
    this.#logger.log('error', message, { event: 'rpc.wrong_chain', host: endpoint.host, chain_id: found });
    return false;
  }

  /** What comes back after a lost connection may be another node. */
  #doubt(endpoint: JsonRpcEndpoint): void {
    const age = this.#clock.monotonic() - (this.#verifiedAt.get(endpoint) ?? 0);
    if (age > verifiedForMs) this.#verifiedAt.delete(endpoint);
  }

  #prefer(endpoint: JsonRpcEndpoint): void {
    if (this.#endpoints[0] === endpoint) return;
    this.#endpoints = [endpoint, ...this.#endpoints.filter((other) => other !== endpoint)];
  }

  /** Whoever asks again after a fault, not a wish, of this endpoint asks another one first. */
  #handOver(failure: RpcError, endpoint: JsonRpcEndpoint): RpcError {
    if (!asksForLess(failure)) this.#endpoints = [...this.#endpoints.filter((other) => other !== endpoint), endpoint];
    return failure;
  }

  async #waitOrGiveUp(
    attempt: number,
    failures: readonly RpcError[],
    refusals: readonly RpcError[],
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#strangers.size === this.#endpoints.length) throw this.#mismatch();
    const last = failures.at(-1);
    if (last === undefined || attempt >= this.#bound(last)) throw unreachable(last ?? refusals.at(-1), attempt);
    const waitMs = Math.max(backoffMs(attempt, this.#backoff), wishOf(failures));
    const isNews = last.class === 'unknown' || attempt === longTrouble;
    this.#logger.log(isNews ? 'warn' : 'debug', `RPC call failed, trying again: ${last.message}`, {
      event: 'rpc.retry',
      host: last.host,
      class: last.class,
      attempt,
      wait_ms: Math.round(waitMs),
    });
    await this.#clock.sleep(waitMs, signal);
  }

  #bound(last: RpcError): number {
    const { attempts, firstAttempts, outageAttempts } = this.#bounds;
    if (last.lostConnection && !this.#hasAnswered) return firstAttempts;
    const isOutage = last.lostConnection || last.class === 'transport' || last.class === 'rate-limit';
    return isOutage && this.#hasAnswered ? outageAttempts : attempts;
  }

  #mismatch(): ChainMismatchError {
    const found = [...new Set(this.#strangers.values())].join(', ');
    const hosts = [...this.#strangers.keys()].map((endpoint) => endpoint.host).join(', ');
    const { chainId = 0 } = this;
    return new ChainMismatchError(`expected chain ${chainId}, but ${hosts} serves chain ${found}`, {
      hint: "check the RPC URL, or the definition's chain_name and chain_id",
    });
  }
}

function malformedAnswer(cause: MalformedValue, host: string): RpcError {
  return new RpcError(`malformed answer: ${cause.message}`, { class: 'malformed', host, cause });
}

/** All endpoints were asked: the soonest time at which one of them wants to be asked again. */
function wishOf(failures: readonly RpcError[]): number {
  const soonest = Math.min(...failures.map((failure) => failure.retryAfterMs ?? 0));
  return Math.min(soonest, longestWaitMs);
}

function unreachable(last: RpcError | undefined, attempts: number): ChainUnreachableError {
  if (last === undefined) return new ChainUnreachableError('no RPC endpoint is left to ask');
  const tries = attempts === 1 ? '' : `, after ${attempts} tries`;
  const what = !last.retryable ? 'the chain refuses' : 'the chain can not be reached';
  return new ChainUnreachableError(`${what}: ${last.message}${tries}`, { cause: last, hint: refusalHint(last) });
}
