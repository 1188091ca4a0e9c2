import type { Clock } from '../runtime/clock.js';
import type { LogLevel, Logger } from '../runtime/logger.js';
import type { Backoff } from '../runtime/retry.js';
import { ChainCheck } from './chain-check.js';
import { chainMismatch, unreachable } from './chain-failures.js';
import { isChosen } from './endpoint-choice.js';
import type { EndpointChoice } from './endpoint-choice.js';
import type { CallKind } from './endpoint-health.js';
import { EndpointOrder } from './endpoint-order.js';
import type { JsonRpcEndpoint } from './json-rpc.js';
import { openEndpoints } from './open-endpoints.js';
import { PendingCall } from './pending-call.js';
import type { Passage } from './pending-call.js';
import { PooledEndpoint } from './pooled-endpoint.js';
import { boundOf } from './retry-bounds.js';
import { asksForLess } from './rpc-error.js';
import type { RpcError } from './rpc-error.js';
import { rpcFailureOf } from './rpc-failure.js';
import type { OpenTransport } from './transport.js';
import { untilAborted } from './until-aborted.js';
import { WaitingCalls } from './waiting-calls.js';
import type { Turn } from './waiting-calls.js';

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
  /** How often while endpoints that had answered can't be reached; 150, over about a quarter of an hour. */
  readonly outageAttempts?: number | undefined;
  readonly backoff?: Backoff | undefined;
  /** How long one request may take, in milliseconds; 30 s, and 4 s for a look at the chain, where nothing is said. */
  readonly requestTimeoutMs?: number | undefined;
  /** How URLs are reached; over HTTP or a WebSocket, as they say, where nothing is said. */
  readonly transport?: OpenTransport | undefined;
}

/** What one endpoint is asked, and what is made of its answers. */
export type Work<T> = (endpoint: JsonRpcEndpoint) => Promise<T>;

export interface Question<T> {
  readonly work: Work<T>;
  /** Errors that are thrown as they are: whoever asks knows better what to do. */
  readonly isForCaller: (error: RpcError) => boolean;
  readonly choice: EndpointChoice;
  /** How many JSON-RPC calls it is. */
  readonly calls: number;
  /** Whether it goes before others where endpoints take no more for the moment. */
  readonly isUrgent: boolean;
  /** Where it changes nothing and may be asked twice: with what its time can be compared. */
  readonly kind?: CallKind;
}

/** A null failure: the endpoint turned out to serve another chain. */
type Outcome<T> = { readonly answer: T } | { readonly failure: RpcError | null; readonly isForCaller: boolean };

/** The failure of which an operator should hear: what comes before passes by itself. */
const longTrouble = 5;
const defaultProbeMs = 4_000;

/**
 * Asks endpoints of one chain, the best first, until one answers or all bounds are reached; waits where none takes more
 * for the moment.
 */
export class EndpointPool {
  /** The chain that is meant; undefined: whichever the endpoints serve. */
  readonly chainId: number | undefined;
  /** The newest block that anybody has heard of. */
  newest = -1;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #bounds: { readonly attempts: number; readonly firstAttempts: number; readonly outageAttempts: number };
  readonly #backoff: Backoff;
  /** In the order in which they were given. */
  readonly #endpoints: readonly PooledEndpoint[];
  readonly #order: EndpointOrder;
  readonly #waiting: WaitingCalls;
  #hasAnswered = false;

  constructor(options: EndpointPoolOptions) {
    const { urls, chainId, clock, logger, transport, attempts = 10, requestTimeoutMs: timeoutMs } = options;
    const { firstAttempts = Math.min(attempts, 6), outageAttempts = Math.max(attempts, 150) } = options;
    this.chainId = chainId;
    this.#clock = clock;
    this.#logger = logger;
    this.#bounds = { attempts, firstAttempts, outageAttempts };
    // Whoever comes back is found within the longest wait.
    const backoff = options.backoff ?? { firstMs: 250, maxMs: 8_000 };
    this.#backoff = backoff;
    const check = { chainId, timeoutMs: timeoutMs ?? defaultProbeMs, clock, logger };
    this.#endpoints = openEndpoints(urls, { clock, timeoutMs, transport }).map(
      (rpc) => new PooledEndpoint(rpc, new ChainCheck(rpc, check), { clock, backoff }),
    );
    this.#order = new EndpointOrder(this.#endpoints);
    this.#waiting = new WaitingCalls(clock);
  }

  /** Returns the time by the pool's clock, in milliseconds, for measuring how long answers take. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** Returns the names of the chosen endpoints, in the order in which they were given. */
  names(choice: EndpointChoice): readonly string[] {
    return this.#endpoints.map(({ name }) => name).filter((name) => isChosen(choice, name));
  }

  /** Returns the chosen endpoints that can tell news by themselves. */
  telling(choice: EndpointChoice): readonly JsonRpcEndpoint[] {
    return this.#order.list.map(({ rpc }) => rpc).filter(({ name, push }) => push !== null && isChosen(choice, name));
  }

  /**
   * Returns what the work makes of an endpoint. Errors for which `isForCaller` holds are thrown as they are; others are
   * retried and end in ChainUnreachableError.
   */
  async ask<T>(question: Question<T>, signal: AbortSignal): Promise<T> {
    const call = new PendingCall(this.#backoff);
    for (;;) {
      const passage = await this.#passage(question, call, signal);
      const outcome = await this.#try(question, passage, signal);
      if ('answer' in outcome) return outcome.answer;
      const { failure, isForCaller } = outcome;
      if (failure === null) continue;
      const { endpoint } = passage;
      if (!asksForLess(failure)) this.#order.putLast(endpoint, this.now());
      if (isForCaller) throw failure;
      call.failed(passage, failure, this.now());
      if (failure.action === 'fatal') throw unreachable(failure, call.triesAt(endpoint));
      this.#tell(endpoint, failure, call.triesAt(endpoint));
    }
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    for (const { chain } of this.#endpoints) chain.close();
    await Promise.all(this.#endpoints.map(({ rpc }) => rpc.close()));
  }

  async #passage(question: Question<unknown>, call: PendingCall, signal: AbortSignal): Promise<Passage> {
    const turn = (): Turn<Passage> => this.#turn(question, call);
    if (this.#waiting.isEmpty) {
      const taken = turn();
      if ('got' in taken) return taken.got;
    }
    return this.#waiting.wait(turn, question.isUrgent, signal);
  }

  /** Lets a call go to the first endpoint that may be asked; throws where there is no sense in waiting for one. */
  #turn({ choice, calls }: Question<unknown>, call: PendingCall): Turn<Passage> {
    const usable = this.#order.list.filter(
      (endpoint) => isChosen(choice, endpoint.name) && !endpoint.chain.isPutAside && !call.isRefusedBy(endpoint),
    );
    this.#checkBounds(usable, call);
    const now = this.now();
    const candidates = usable.filter((endpoint) => call.notBefore(endpoint) <= now);
    const trusted = candidates.filter((endpoint) => endpoint.isTrusted);
    if (trusted.length > 0) this.#lookAgain(candidates, now);
    const asked = trusted.length > 0 ? trusted : candidates;
    const free = asked.find((endpoint) => endpoint.freeAt <= now);
    if (free !== undefined) return { got: passTo(free, calls) };
    call.waitsFor(usable);
    const later = usable.map((endpoint) => call.notBefore(endpoint)).filter((at) => at > now);
    return { at: Math.min(...asked.map(({ freeAt }) => freeAt), ...later) };
  }

  #checkBounds(usable: readonly PooledEndpoint[], call: PendingCall): void {
    const strangers = this.#endpoints.filter(({ chain }) => chain.isPutAside);
    if (strangers.length === this.#endpoints.length) throw chainMismatch(this.chainId ?? 0, strangers);
    if (usable.length === 0) throw unreachable(call.refusal, 1);
    if (!call.hasTrouble) return;
    const tries = Math.min(...usable.map((endpoint) => call.triesAt(endpoint)));
    const last = call.failure;
    if (last !== undefined && tries >= boundOf(this.#bounds, last, this.#hasAnswered)) throw unreachable(last, tries);
  }

  /** Whoever is not trusted is looked at beside the way, as long as others answer. */
  #lookAgain(endpoints: readonly PooledEndpoint[], now: number): void {
    for (const endpoint of endpoints) {
      const isDue = !endpoint.isTrusted && !endpoint.chain.isAsked && endpoint.freeAt <= now;
      if (isDue) void this.#look(endpoint);
    }
  }

  async #look(endpoint: PooledEndpoint): Promise<void> {
    const { since } = passTo(endpoint, 1);
    try {
      const failure = await endpoint.chain.ask();
      if (failure === null) endpoint.looksWell();
      else endpoint.failed(since, 1, failure);
    } catch {
      // Closed meanwhile.
    } finally {
      this.#end(endpoint, since);
    }
  }

  async #try<T>(question: Question<T>, { endpoint, since }: Passage, signal: AbortSignal): Promise<Outcome<T>> {
    const { calls, isForCaller } = question;
    try {
      const refusal = endpoint.chain.isVerified ? null : await untilAborted(endpoint.chain.ask(), signal);
      if (refusal !== null) return { failure: this.#failed(endpoint, since, 1, refusal), isForCaller: false };
      if (endpoint.chain.strange !== null) return { failure: null, isForCaller: false };
      const answer = await this.#answer(question, endpoint);
      return { answer };
    } catch (error) {
      const failure = this.#failed(endpoint, since, calls, rpcFailureOf(error, endpoint.rpc.host));
      return { failure, isForCaller: isForCaller(failure) };
    } finally {
      this.#end(endpoint, since);
    }
  }

  async #answer<T>({ work, calls, kind }: Question<T>, endpoint: PooledEndpoint): Promise<T> {
    const since = this.now();
    const answer = await work(endpoint.rpc);
    this.#hasAnswered = true;
    if (endpoint.breaker.failures >= longTrouble) this.#log('info', `${endpoint.rpc.host} answers again`, endpoint);
    endpoint.answered(calls);
    if (kind !== undefined) endpoint.health.measured(kind, this.now() - since, this.now());
    return answer;
  }

  #failed(endpoint: PooledEndpoint, since: number, calls: number, failure: RpcError): RpcError {
    endpoint.failed(since, calls, failure);
    return failure;
  }

  #end(endpoint: PooledEndpoint, since: number): void {
    endpoint.end(since);
    if (!this.#waiting.isEmpty) this.#waiting.wake();
  }

  #tell(endpoint: PooledEndpoint, failure: RpcError, tries: number): void {
    const isNews = failure.class === 'unknown' || Math.max(tries, endpoint.breaker.failures) === longTrouble;
    const fields = { event: 'rpc.retry', host: failure.host, class: failure.class, attempt: tries };
    this.#logger.log(isNews ? 'warn' : 'debug', `RPC call failed, trying again: ${failure.message}`, fields);
  }

  #log(level: LogLevel, message: string, { rpc }: PooledEndpoint): void {
    this.#logger.log(level, message, { event: 'rpc.endpoint', host: rpc.host });
  }
}

function passTo(endpoint: PooledEndpoint, calls: number): Passage {
  const lostBefore = endpoint.breaker.lostTries;
  return { endpoint, since: endpoint.begin(calls), lostBefore };
}
