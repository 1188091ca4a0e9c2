import type { Clock } from '../../../runtime/clock.js';
import type { Logger } from '../../../runtime/logger.js';
import type { Backoff } from '../../../runtime/retry.js';
import { ChainCheck, putAsideText } from './chain-check.js';
import type { ObserveChain } from '../rpc/chain-notice.js';
import { unreachable } from './chain-failures.js';
import { EndpointAsker } from './endpoint-asker.js';
import { isChosen } from './endpoint-choice.js';
import type { EndpointChoice } from './endpoint-choice.js';
import { EndpointOrder } from './endpoint-order.js';
import type { Question } from './endpoint-question.js';
import { EndpointReporter, reportOn } from './endpoint-report.js';
import type { EndpointReport } from './endpoint-report.js';
import { EndpointTurns } from './endpoint-turns.js';
import type { Demand } from './endpoint-turns.js';
import type { JsonRpcEndpoint } from '../rpc/json-rpc.js';
import { LateRequests } from './late-requests.js';
import { openEndpoints } from './open-endpoints.js';
import { PendingCall } from './pending-call.js';
import { ThrottleTeller } from './throttle-teller.js';
import { PooledEndpoint, longTrouble } from './pooled-endpoint.js';
import { asksForLess } from '../errors/rpc-error.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { OpenTransport } from '../rpc/transport.js';

/** How much the endpoints of a chain are asked. */
export interface ChainLoad {
  /** How many requests are in flight at most, over all endpoints; 64 where nothing is said. */
  readonly maxRequests?: number | undefined;
  /** How many leave for each endpoint within a second at most; as many as it bears where nothing is said. */
  readonly requestsPerSecond?: number | null | undefined;
}

export interface EndpointPoolOptions extends ChainLoad {
  readonly urls: readonly string[];
  /** The chain that is meant: endpoints of another are put aside. */
  readonly chainId?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often a call is tried in all; 10, over about half a minute, where nothing is said. */
  readonly attempts?: number | undefined;
  /** How often while endpoints that had answered can't be reached; 150, over about a quarter of an hour. */
  readonly outageAttempts?: number | undefined;
  readonly backoff?: Backoff | undefined;
  /** How long one request may take, in milliseconds; 30 s, and 4 s for a look at the chain, where nothing is said. */
  readonly requestTimeoutMs?: number | undefined;
  /** How URLs are reached; over HTTP or a WebSocket, as they say, where nothing is said. */
  readonly transport?: OpenTransport | undefined;
  /** Hears of each request, and which endpoints are up. */
  readonly observe?: ObserveChain | undefined;
}

const defaultMaxRequests = 64;
/** How long an endpoint may take to tell its chain, in milliseconds. */
const defaultLookMs = 4_000;
/** Whoever comes back is found within the longest wait. */
const defaultBackoff: Backoff = { firstMs: 250, maxMs: 8_000 };

/**
 * Asks endpoints of one chain, the best first, until one answers or all bounds are reached; waits where none takes more
 * for the moment.
 */
export class EndpointPool {
  /** The chain that is meant; undefined: whichever the endpoints serve. */
  readonly chainId: number | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #backoff: Backoff;
  /** In the order in which they were given. */
  readonly #endpoints: readonly PooledEndpoint[];
  readonly #order: EndpointOrder;
  readonly #turns: EndpointTurns;
  readonly #asker: EndpointAsker;
  readonly #late: LateRequests;
  readonly #reporter: EndpointReporter;
  readonly #throttles: ThrottleTeller;
  /** How endpoints that could not be put aside disagreed, when that was told last. */
  #toldOfForks = '';

  constructor(options: EndpointPoolOptions) {
    const { chainId, clock, logger, attempts = 10, outageAttempts = Math.max(attempts, 150) } = options;
    this.chainId = chainId;
    this.#clock = clock;
    this.#logger = logger;
    this.#backoff = options.backoff ?? defaultBackoff;
    this.#reporter = new EndpointReporter(clock, logger);
    this.#throttles = new ThrottleTeller(logger);
    this.#endpoints = this.#open(options);
    const order = new EndpointOrder(this.#endpoints);
    this.#order = order;
    const { maxRequests = defaultMaxRequests } = options;
    const bounds = { attempts, outageAttempts };
    const turns = new EndpointTurns({ order, chainId, clock, bounds, maxRequests });
    this.#turns = turns;
    this.#asker = new EndpointAsker({ order, turns, clock, logger });
    this.#late = new LateRequests({ asker: this.#asker, order, turns, clock, backoff: this.#backoff });
  }

  /** What its times and its waits go by. */
  get clock(): Clock {
    return this.#clock;
  }

  /** Returns the time by the pool's clock, in milliseconds, for measuring how long answers take. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** Returns the names of the chosen endpoints, in the order in which they were given. */
  names(choice: EndpointChoice): readonly string[] {
    return this.#endpoints.map(({ name }) => name).filter((name) => isChosen(choice, name));
  }

  /** Returns the names of those of the chosen endpoints that are there, as far as is known; of all where none is. */
  reachable(choice: EndpointChoice): readonly string[] {
    const chosen = this.#endpoints.filter(({ name }) => isChosen(choice, name));
    const trusted = chosen.filter(({ isTrusted }) => isTrusted);
    return (trusted.length > 0 ? trusted : chosen).map(({ name }) => name);
  }

  /** Asks an endpoint after the others for some time. */
  passOver(name: string): void {
    const endpoint = this.#find(name);
    if (endpoint !== undefined) this.#order.passOver(endpoint, this.now());
  }

  /** Says whether the endpoint of a name serves another chain, as far as is known. */
  isStrange(name: string): boolean {
    return typeof this.#find(name)?.chain.strange === 'number';
  }

  /** Says whether two endpoints, by their names, are one node, over HTTP and over a WebSocket. */
  areOneNode(name: string, other: string): boolean {
    const [one, another] = [this.#find(name), this.#find(other)];
    return one !== undefined && another !== undefined && one.rpc.sharesNode(another.rpc);
  }

  /** Says whether the endpoint of a name is not to be asked yet: it serves another chain, or another fork. */
  isPutAside(name: string): boolean {
    return this.#find(name)?.chain.isPutAside === true;
  }

  /** Endpoints that were found on another fork may be asked again. */
  readmit(): void {
    for (const endpoint of this.#endpoints) endpoint.readmit();
  }

  /**
   * Endpoints were found on another fork than those on whose word others rely. They are put aside, as those of another chain are, unless
   * they are more: `what` is told once, then.
   */
  disagree(have: readonly string[], astray: readonly string[], what: string): void {
    const isOutvoted = astray.length > have.length;
    // Whoever asked at the same time for blocks of the other fork may have put these aside: somebody must be left.
    for (const name of have) this.#find(name)?.readmit();
    if (!isOutvoted) for (const name of astray) this.#putAside(name);
    const message = isOutvoted ? what : `${what}: ${astray.join(', ')} is ${putAsideText}`;
    if (!isOutvoted || message !== this.#toldOfForks) this.#logger.log('warn', message, { event: 'rpc.other_fork' });
    this.#toldOfForks = message;
  }

  /** Has each endpoint asked for its chain before anything else. */
  distrust(): void {
    for (const { chain } of this.#endpoints) chain.distrust();
  }

  /** How often there was reason to think that another node may have come in an endpoint's place. */
  get doubts(): number {
    return this.#endpoints.reduce((sum, { chain }) => sum + chain.doubts, 0);
  }

  /** An endpoint has told of a block; `isHead`: asked for its newest one. */
  told(name: string, block: number, isHead: boolean): void {
    this.#find(name)?.told(block, isHead);
  }

  /** An endpoint has nothing behind a block behind which others have more: it is asked after them until its head moves. */
  standsStill(name: string, block: number): void {
    this.#find(name)?.standStill(block);
  }

  /** How many requests the chosen endpoints take at a time, as far as is known; at least 1. */
  room(choice: EndpointChoice, worth?: (endpoint: string) => number): number {
    return this.#turns.room(choice, worth);
  }

  /** The newest block that any of them has told of; -1 where there was none. */
  get newest(): number {
    return Math.max(-1, ...this.#endpoints.map(({ newest }) => newest ?? -1));
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
      const turn = await this.#turns.next(question, call, signal);
      const { outcome, passage } = await this.#late.ask(question, turn, signal);
      const { endpoint } = passage;
      this.#throttles.look(endpoint, this.now());
      if ('answer' in outcome) {
        this.#asker.compare(question, endpoint);
        this.#reporter.tell(() => this.health());
        return outcome.answer;
      }
      const { failure, of } = outcome;
      if (failure === null) continue;
      this.#judge(endpoint, failure, question);
      if (of === 'request for its sender' || question.isOptional === true) throw failure;
      call.failed(passage, failure, of === 'endpoint', this.now());
      if (failure.class === 'invalid-request') throw unreachable(failure, call.triesAt(endpoint));
      this.#tell(endpoint, failure, call.triesAt(endpoint));
    }
  }

  /** Returns how each endpoint is, in the order in which they were given. */
  health(): EndpointReport[] {
    for (const endpoint of this.#endpoints) endpoint.tellLapse();
    return this.#endpoints.map((endpoint) => reportOn(endpoint, this.now()));
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    for (const { chain } of this.#endpoints) chain.close();
    await Promise.all(this.#endpoints.map(({ rpc }) => rpc.close()));
  }

  #putAside(name: string): void {
    const endpoint = this.#find(name);
    if (endpoint === undefined) return;
    endpoint.stray();
    this.#order.putLast(endpoint, this.now());
    // What it goes on telling by itself is of the other fork, too.
    endpoint.rpc.push?.reset();
  }

  #find(name: string): PooledEndpoint | undefined {
    return this.#endpoints.find((candidate) => candidate.name === name);
  }

  #open({
    urls,
    chainId,
    clock,
    logger,
    transport,
    observe,
    requestTimeoutMs: timeoutMs,
    ...load
  }: EndpointPoolOptions): PooledEndpoint[] {
    const check = { chainId, timeoutMs: timeoutMs ?? defaultLookMs, clock, logger };
    const { maxRequests = defaultMaxRequests, requestsPerSecond } = load;
    const pooled = { clock, backoff: this.#backoff, observe, chainId, maxRequests, requestsPerSecond };
    return openEndpoints(urls, { clock, timeoutMs, transport, observe }).map(
      (rpc) => new PooledEndpoint(rpc, new ChainCheck(rpc, check), pooled),
    );
  }

  /** After a fault, not a wish, of one endpoint another one is asked first; what is too old for it may yet be new enough. */
  #judge(endpoint: PooledEndpoint, failure: RpcError, { oldest }: Demand): void {
    const now = this.now();
    if (failure.class === 'pruned' && oldest !== undefined) endpoint.history.refused(oldest, failure, now);
    else if (!asksForLess(failure)) this.#order.putLast(endpoint, now);
  }

  #tell(endpoint: PooledEndpoint, failure: RpcError, tries: number): void {
    const isNews = failure.class === 'unknown' || Math.max(tries, endpoint.breaker.failures) === longTrouble;
    const fields = { event: 'rpc.retry', host: failure.host, class: failure.class, attempt: tries };
    this.#logger.log(isNews ? 'warn' : 'debug', `RPC call failed, trying again: ${failure.message}`, fields);
  }
}
