import { backoffMs } from '../../../runtime/retry.js';
import type { Backoff } from '../../../runtime/retry.js';
import type { PooledEndpoint, Sent } from './pooled-endpoint.js';
import { isRefusal } from '../errors/rpc-error.js';
import type { RpcError } from '../errors/rpc-error.js';

/** A request that is on its way to an endpoint. */
export interface Passage extends Sent {
  readonly endpoint: PooledEndpoint;
  /** How many tries had been lost there by then, while nobody else was let in. */
  readonly lostBefore: number;
}

/** What a call waits for after its first error from an endpoint that is there, as a share of the first wait. */
const firstShare = 1 / 4;
/** So many failures of a call are its bad luck where the endpoint answers others meanwhile. */
const badLuck = 5;
/** And after each refusal as one of too many. */
const refusedShare = 1 / 8;

interface Trouble {
  /** How often this call has failed there. */
  failures: number;
  /** How many tries of others were lost there before this call came to wait for it. */
  lostBefore: number;
  /** When this call may ask there again, by the monotonic clock. */
  notBefore: number;
}

interface Failure {
  readonly error: RpcError;
  /** The endpoint failed before it was asked. */
  readonly isOfEndpoint: boolean;
}

/** What one call has been through at which endpoints. */
export class PendingCall {
  readonly #backoff: Backoff;
  readonly #troubles = new Map<PooledEndpoint, Trouble>();
  readonly #refusals = new Map<PooledEndpoint, RpcError>();
  /** What may pass, of those that have not refused it: the last one stands last. */
  readonly #failures = new Map<PooledEndpoint, Failure>();

  constructor(backoff: Backoff) {
    this.#backoff = backoff;
  }

  /** True once it failed somewhere, or had to wait. */
  get hasTrouble(): boolean {
    return this.#troubles.size > 0;
  }

  /** True once it failed somewhere. */
  get hasFailed(): boolean {
    return this.#failures.size > 0 || this.#refusals.size > 0;
  }

  /** What went wrong last and may pass, where it may still be asked: for this call or, as long as it only waited, for others. */
  get failure(): RpcError | undefined {
    const waitsFor = ({ breaker }: PooledEndpoint): boolean => breaker.state !== 'closed';
    const awaited = [...this.#troubles.keys()].find((each) => !this.isRefusedBy(each) && waitsFor(each));
    return this.#lastFailure?.error ?? awaited?.lastFault;
  }

  /** True where what went wrong last had nothing to do with this call. */
  get isBlameless(): boolean {
    return this.#lastFailure?.isOfEndpoint === true;
  }

  /** The last refusal. */
  get refusal(): RpcError | undefined {
    return [...this.#refusals.values()].at(-1);
  }

  /** Who said that it does not keep that any more; undefined: nobody. */
  get pruned(): RpcError | undefined {
    return [...this.#refusals.values()].find((refusal) => refusal.class === 'pruned');
  }

  /** True where the endpoint will go on refusing this call. */
  isRefusedBy(endpoint: PooledEndpoint): boolean {
    return this.#refusals.has(endpoint);
  }

  /** When this call may ask an endpoint, as far as its own failures there go. */
  notBefore(endpoint: PooledEndpoint): number {
    return this.#troubles.get(endpoint)?.notBefore ?? Number.NEGATIVE_INFINITY;
  }

  /** Returns how often an endpoint has failed this call, or failed others for which it waited. */
  triesAt(endpoint: PooledEndpoint): number {
    const { failures, lostBefore } = this.#troubleAt(endpoint);
    return failures + endpoint.breaker.lostTries - lostBefore;
  }

  /** From now on it counts what is lost at these endpoints while it waits. */
  waitsFor(endpoints: readonly PooledEndpoint[]): void {
    for (const endpoint of endpoints) this.#troubleAt(endpoint);
  }

  /** It failed at an endpoint; `isOfEndpoint`: before it was asked. */
  failed({ endpoint, since, lostBefore }: Passage, error: RpcError, isOfEndpoint: boolean, now: number): void {
    this.#failures.delete(endpoint);
    if (isRefusal(error)) {
      this.#refusals.set(endpoint, error);
      return;
    }
    const { answeredAt } = endpoint;
    this.#failures.set(endpoint, { error, isOfEndpoint });
    const known = this.#troubles.get(endpoint);
    // A try that the endpoint has counted itself is not counted twice.
    if (known !== undefined) known.lostBefore += endpoint.breaker.lostTries - lostBefore;
    const trouble = this.#troubleAt(endpoint);
    trouble.failures++;
    // An endpoint that lets nobody in says by itself when it may be asked again.
    const isHeldBack = endpoint.breaker.state !== 'closed';
    // Whoever answers with an error, or answers others, is there, and most such errors pass at once.
    const isAlive = answeredAt > since && trouble.failures <= badLuck;
    const share = isAlive || (trouble.failures === 1 && !error.lostConnection) ? firstShare : 1;
    const tries = isAlive ? 1 : this.triesAt(endpoint);
    // How often it is refused as one of too many is nothing of its own: the endpoint is asked less.
    const waitMs =
      error.class === 'rate-limit'
        ? refusedShare * backoffMs(1, this.#backoff)
        : share * backoffMs(tries, this.#backoff);
    if (!isHeldBack) trouble.notBefore = now + waitMs;
  }

  get #lastFailure(): Failure | undefined {
    return [...this.#failures.values()].at(-1);
  }

  #troubleAt(endpoint: PooledEndpoint): Trouble {
    const known = this.#troubles.get(endpoint);
    if (known !== undefined) return known;
    const trouble = { failures: 0, lostBefore: endpoint.breaker.lostTries, notBefore: Number.NEGATIVE_INFINITY };
    this.#troubles.set(endpoint, trouble);
    return trouble;
  }
}
