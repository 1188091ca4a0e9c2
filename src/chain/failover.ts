import type { Clock } from '../runtime/clock.js';
import { ChainMismatchError, ChainUnreachableError } from '../runtime/errors.js';
import type { Logger } from '../runtime/logger.js';
import { backoffMs } from '../runtime/retry.js';
import type { Backoff } from '../runtime/retry.js';
import type { JsonRpcEndpoint } from './json-rpc.js';
import { refusalHint } from './refusal-hint.js';
import { RpcError, asksForLess, isRefusal } from './rpc-error.js';
import { MalformedValue, readQuantity } from './rpc-values.js';

interface FailoverOptions {
  /** The chain that is meant; undefined: whichever the endpoints serve. */
  readonly chainId: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many rounds over the endpoints are tried where they fail. */
  readonly attempts: number;
  /** How many where none has ever answered: a wrong URL should be told soon. */
  readonly firstAttempts: number;
  /** How many where they had answered and are out of reach, or too busy, now: an outage passes. */
  readonly outageAttempts: number;
  readonly backoff: Backoff;
}

/** The longest that a server's own wish to be left alone is granted, in milliseconds. */
const longestWaitMs = 60_000;
/** The round whose failure an operator should hear of: what comes before passes by itself. */
const longTrouble = 5;
/** How long an endpoint's chain is taken for granted even when its connection breaks, in milliseconds. */
const verifiedForMs = 30_000;

/** Asks endpoints of one chain, the one that answered last first, until one answers or all bounds are reached. */
export class Failover {
  readonly #options: FailoverOptions;
  /** Endpoints that are known to serve the chain, with the monotonic time at which they were asked. */
  readonly #verifiedAt = new Map<JsonRpcEndpoint, number>();
  /** Endpoints of another chain, with its id. */
  readonly #strangers = new Map<JsonRpcEndpoint, number>();
  #endpoints: readonly JsonRpcEndpoint[];
  #hasAnswered = false;

  constructor(endpoints: readonly JsonRpcEndpoint[], options: FailoverOptions) {
    this.#endpoints = endpoints;
    this.#options = options;
  }

  /**
   * Returns what `work` makes of an endpoint. Errors for which `isForCaller` holds are thrown as they are; others are
   * retried and end in ChainUnreachableError.
   */
  async ask<T>(
    work: (endpoint: JsonRpcEndpoint) => Promise<T>,
    isForCaller: (error: RpcError) => boolean,
    signal: AbortSignal,
  ): Promise<T> {
    const refusals = new Map<JsonRpcEndpoint, RpcError>();
    for (let attempt = 1; ; attempt++) {
      const failures: RpcError[] = [];
      for (const endpoint of this.#usable(refusals)) {
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

  #usable(refusals: ReadonlyMap<JsonRpcEndpoint, RpcError>): JsonRpcEndpoint[] {
    return this.#endpoints.filter((endpoint) => !refusals.has(endpoint) && !this.#strangers.has(endpoint));
  }

  /** A null failure: the endpoint turned out to serve another chain. */
  async #try<T>(
    endpoint: JsonRpcEndpoint,
    work: (endpoint: JsonRpcEndpoint) => Promise<T>,
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
    const { chainId, clock, logger } = this.#options;
    if (chainId === undefined || this.#verifiedAt.has(endpoint)) return true;
    const found = readQuantity(await endpoint.call('eth_chainId', [], signal), 'the chain id');
    if (found === chainId) {
      this.#verifiedAt.set(endpoint, clock.monotonic());
      return true;
    }
    this.#strangers.set(endpoint, found);
    const message = `${endpoint.host} serves chain ${found}, not chain ${chainId}: it is not asked any more`;
    logger.log('error', message, { event: 'rpc.wrong_chain', host: endpoint.host, chain_id: found });
    return false;
  }

  /** What comes back after a lost connection may be another node. */
  #doubt(endpoint: JsonRpcEndpoint): void {
    const age = this.#options.clock.monotonic() - (this.#verifiedAt.get(endpoint) ?? 0);
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
    const { backoff, clock, logger } = this.#options;
    if (this.#strangers.size === this.#endpoints.length) throw this.#mismatch();
    const last = failures.at(-1);
    if (last === undefined || attempt >= this.#bound(last)) throw unreachable(last ?? refusals.at(-1), attempt);
    const waitMs = Math.max(backoffMs(attempt, backoff), wishOf(failures));
    const isNews = last.class === 'unknown' || attempt === longTrouble;
    logger.log(isNews ? 'warn' : 'debug', `RPC call failed, trying again: ${last.message}`, {
      event: 'rpc.retry',
      host: last.host,
      class: last.class,
      attempt,
      wait_ms: Math.round(waitMs),
    });
    await clock.sleep(waitMs, signal);
  }

  #bound(last: RpcError): number {
    const { attempts, firstAttempts, outageAttempts } = this.#options;
    if (last.lostConnection && !this.#hasAnswered) return firstAttempts;
    const isOutage = last.lostConnection || last.class === 'transport' || last.class === 'rate-limit';
    return isOutage && this.#hasAnswered ? outageAttempts : attempts;
  }

  #mismatch(): ChainMismatchError {
    const found = [...new Set(this.#strangers.values())].join(', ');
    const hosts = [...this.#strangers.keys()].map((endpoint) => endpoint.host).join(', ');
    const { chainId = 0 } = this.#options;
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
