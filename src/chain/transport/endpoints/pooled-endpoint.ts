import type { Clock } from '../../../runtime/clock.js';
import { backoffMs } from '../../../runtime/retry.js';
import type { Backoff } from '../../../runtime/retry.js';
import type { ChainCheck } from './chain-check.js';
import type { ObserveChain } from '../rpc/chain-notice.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { EndpointHealth } from './endpoint-health.js';
import { InFlightLimit } from './in-flight-limit.js';
import type { Departure } from './refused-crowd.js';
import type { JsonRpcEndpoint } from '../rpc/json-rpc.js';
import { KnownHistory } from './known-history.js';
import { RequestRate } from './request-rate.js';
import { RefusedShare } from './refused-share.js';
import type { RpcError } from '../errors/rpc-error.js';

interface PooledEndpointOptions {
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly chainId?: number | undefined;
  /** How many requests it is asked at a time at most; as many as there are where nothing is said. */
  readonly maxRequests?: number | undefined;
  /** How many a second; as many as it bears where nothing is said. */
  readonly requestsPerSecond?: number | null | undefined;
  /** Hears whether it is up. */
  readonly observe?: ObserveChain | undefined;
}

/** How a request left: when, by the monotonic clock, and beside how many others. */
export interface Sent {
  readonly since: number;
  readonly departure: Departure;
  /** In how many requests. */
  readonly requests: number;
}

/** The failure in a row of which an operator should hear: what comes before passes by itself. */
export const longTrouble = 5;
/** After so many troubles of its own in a row it is asked something simple first. */
const troublesUntilDoubt = 3;
/** So many refusals in a row are no chance. */
const refusalsUntilRest = 3;
/** The longest that a server's own wish to be left alone is granted, in milliseconds. */
const longestWaitMs = 60_000;

/** One endpoint, and what its answers and failures have told: how well it is, and how much it may be asked. */
export class PooledEndpoint {
  readonly rpc: JsonRpcEndpoint;
  readonly chain: ChainCheck;
  readonly health = new EndpointHealth();
  readonly history = new KnownHistory();
  readonly inFlight: InFlightLimit;
  readonly rate: RequestRate;
  /** How much of what it was asked lately it refused as too much. */
  readonly refused = new RefusedShare();
  readonly breaker: CircuitBreaker;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #tell: (isUp: boolean) => void;
  #newest: number | null = null;
  /** The block at which its head stands still while others have more; Infinity where it does not. */
  #standsAt = Number.POSITIVE_INFINITY;
  /** What was told last. */
  #wasUp: boolean | null = null;
  /** Refusals for the number of requests, in a row. */
  #refusals = 0;
  #lastFault: RpcError | undefined;
  /** Troubles of its own that it told of, in a row. */
  #troubles = 0;
  #slowedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(rpc: JsonRpcEndpoint, chain: ChainCheck, options: PooledEndpointOptions) {
    const { clock, backoff, chainId, observe } = options;
    this.rpc = rpc;
    this.chain = chain;
    this.inFlight = new InFlightLimit(options.maxRequests);
    this.rate = new RequestRate(options.requestsPerSecond ?? undefined, {
      forgiven: () => this.inFlight.pardon(),
      lowered: () => this.inFlight.doubt(),
    });
    this.breaker = new CircuitBreaker(backoff);
    this.#clock = clock;
    rpc.onRates((rates, answer) => this.rate.heard(rates, answer, clock.monotonic()));
    this.#backoff = backoff;
    this.#tell = (isUp): void => observe?.({ kind: 'endpoint', chainId, endpoint: rpc.name, isUp });
  }

  /** What it is called among others: its host, numbered where there are several of one host. */
  get name(): string {
    return this.rpc.name;
  }

  /** The newest block that it has told of; null where it has told of none. */
  get newest(): number | null {
    return this.#newest;
  }

  /** When it answered last, by the monotonic clock. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  /** True where ordinary calls may go there. */
  get isTrusted(): boolean {
    return this.breaker.state === 'closed' && this.chain.strange === null && !this.chain.isAstray;
  }

  /** True where it has refused more at a time, or a second, than it is asked now, or a rate is set. */
  get isLimited(): boolean {
    return this.inFlight.isKnown || this.rate.perSecond < Number.POSITIVE_INFINITY;
  }

  /** How it failed when nobody was there who could answer, last. */
  get lastFault(): RpcError | undefined {
    return this.#lastFault;
  }

  /** When a request may leave: in the past where it may at once, never where another one has to end first. */
  get freeAt(): number {
    return this.inFlight.hasRoom ? Math.max(this.breaker.freeAt, this.rate.freeAt) : Number.POSITIVE_INFINITY;
  }

  /** So many calls leave together; returns how. Each beginning must have its end. */
  begin(calls: number): Sent {
    const now = this.#clock.monotonic();
    this.breaker.begin(now);
    const departure = this.inFlight.begin();
    const requests = this.rpc.requestsOf(calls);
    this.rate.sent(requests, now);
    return { since: now, departure, requests };
  }

  /** A request was answered. */
  answered({ since, departure }: Sent): void {
    const now = this.#clock.monotonic();
    this.#refusals = 0;
    this.#answeredAt = now;
    this.chain.heard();
    this.#troubles = 0;
    this.health.answered(now);
    this.refused.count(false, now);
    this.inFlight.answered(departure);
    this.rate.answered(since, now);
    this.breaker.succeed();
  }

  /** It has told of a block; `isHead`: asked for its newest one. */
  told(block: number, isHead: boolean): void {
    this.#newest = Math.max(block, this.#newest ?? block);
    if (isHead && block > this.#standsAt) this.#standsAt = Number.POSITIVE_INFINITY;
  }

  /** It has nothing behind a block behind which others have more. */
  standStill(block: number): void {
    this.#standsAt = block;
  }

  /** True until its head moves again. */
  get standsStill(): boolean {
    return this.#standsAt < Number.POSITIVE_INFINITY;
  }

  /** It is on another fork than what was read, and left alone for a while. */
  stray(): void {
    this.chain.stray();
    this.#tellState();
  }

  /** It may be asked again, whatever fork it was on. */
  readmit(): void {
    this.chain.readmit();
    this.tellLapse();
  }

  /** Tells that it is up again where nothing but time made it so; of one that was never asked there is nothing to tell. */
  tellLapse(): void {
    if (this.#wasUp !== null) this.#tellState();
  }

  /** It answered what costs it nothing. */
  looksWell(): void {
    this.breaker.allow();
  }

  /** A request failed. */
  failed(sent: Sent, error: RpcError): void {
    const { since } = sent;
    const now = this.#clock.monotonic();
    this.health.failed(error, now);
    this.refused.count(error.class === 'rate-limit', now);
    if (error.lostConnection) this.chain.doubt();
    const { retryAfterMs } = error;
    if (retryAfterMs !== undefined && (isAway(error) || error.class === 'internal'))
      this.rate.rest(Math.min(retryAfterMs, longestWaitMs), now);
    if (isAway(error)) {
      // Whether all of it is away or only this request too much for it, a simpler question tells.
      if (this.breaker.state !== 'closed' && !error.lostConnection) this.chain.distrust();
      this.#lastFault = error;
      if (this.breaker.state === 'closed' && this.#isOfOne(since, error)) return;
      this.#failedAt = now;
      this.#beAway(since, now);
      return;
    }
    this.breaker.succeed();
    if (error.class === 'internal' && ++this.#troubles >= troublesUntilDoubt) this.chain.distrust();
    if (error.class === 'rate-limit') this.#slowDown(sent, error, now);
    else this.rate.answered(since, now);
  }

  /** A request is no more on its way: its answer has come, or never will. What came of it may be told later. */
  landed({ departure, requests }: Sent): void {
    this.rate.ended(requests);
    this.inFlight.end(departure);
  }

  /** A request that has landed is over, however it ended. */
  end({ since }: Sent): void {
    this.breaker.end(since);
    this.#tellState();
  }

  #tellState(): void {
    if (this.isTrusted === this.#wasUp) return;
    this.#wasUp = this.isTrusted;
    this.#tell(this.isTrusted);
  }

  /** Says whether a failure is of one request: others were answered since; or one of those that were on their way at a time. */
  #isOfOne(since: number, { lostConnection }: RpcError): boolean {
    // Whoever answers with an error is there.
    return since < this.#answeredAt || (!lostConnection && since < this.#failedAt);
  }

  #beAway(since: number, now: number): void {
    // Who comes back is asked by one first, then by more and more.
    if (this.breaker.fail(since, now) && this.breaker.state !== 'closed') this.inFlight.restart();
  }

  #slowDown({ since, departure }: Sent, error: RpcError, now: number): void {
    const { isOfNumberInFlight, rate: stated } = error.facts;
    const { retryAfterMs } = error;
    if (retryAfterMs !== undefined) this.rate.pause(Math.min(retryAfterMs, longestWaitMs), now);
    if (stated !== undefined) this.rate.state(stated);
    this.rate.believe();
    // Where its headers tell that nothing is left, they also tell until when.
    const isTold = !isOfNumberInFlight && this.rate.isSpent(now);
    const isOfRate = stated !== undefined || isTold || this.rate.isTrying;
    // Whoever says when, or is known to count by the second, means no number at a time.
    const isUnexplained = !isOfRate && retryAfterMs === undefined && !this.rate.isFound;
    const isTooMany = isOfNumberInFlight || (isUnexplained && this.inFlight.mayBeTooMany(departure, this.rate.noise));
    if (isTooMany) this.inFlight.refused(departure, isOfNumberInFlight);
    else this.rate.refused(since, now);
    // What had left before it was slowed down tells nothing new.
    if (since <= this.#slowedAt) return;
    this.#slowedAt = now;
    this.#refusals++;
    if (!isTooMany && !isOfRate) this.inFlight.mayBeRefused(this.rate.noise);
    // Others in flight have to end first: that is rest enough.
    const mustRest = isOfNumberInFlight ? this.inFlight.inFlight < 2 : this.#refusals >= refusalsUntilRest;
    if (mustRest && !isTold && retryAfterMs === undefined)
      this.rate.rest(backoffMs(this.#refusals, this.#backoff), now);
  }
}

/** Says whether an error means that nobody is there who could answer. */
function isAway({ class: kind, lostConnection }: RpcError): boolean {
  return lostConnection || kind === 'transport' || kind === 'malformed';
}
