import type { Clock } from '../../../runtime/clock.js';
import { chainMismatch, unreachable } from './chain-failures.js';
import { isChosen } from './endpoint-choice.js';
import type { EndpointChoice } from './endpoint-choice.js';
import type { EndpointOrder } from './endpoint-order.js';
import type { Passage, PendingCall } from './pending-call.js';
import type { PooledEndpoint } from './pooled-endpoint.js';
import { boundOf } from './retry-bounds.js';
import type { Bounds } from './retry-bounds.js';
import { WaitingCalls } from './waiting-calls.js';
import type { CallRank, Turn } from './waiting-calls.js';

interface EndpointTurnsOptions {
  readonly order: EndpointOrder;
  /** The chain that is meant. */
  readonly chainId: number | undefined;
  readonly bounds: Bounds;
  /** How many requests may be in flight, over all endpoints. */
  readonly maxRequests: number;
  readonly clock: Clock;
}

/** Where a call may go, and how it goes there. */
export interface Demand {
  readonly choice: EndpointChoice;
  /** How many JSON-RPC calls it is; a function where others may yet join it. */
  readonly calls: number | (() => number);
  /** Whether it goes before others where endpoints take no more for the moment. */
  readonly isUrgent: boolean;
  /** True where it can't be for the request that a node fails. */
  readonly isSimple?: boolean;
  /** True where whoever asks can do without: then it is tried once, and nobody who is away is waited for. */
  readonly isOptional?: boolean;
  /** The first block of which it needs logs, where that may be older than some endpoint's history. */
  readonly oldest?: number | undefined;
}

/** Says which call may go to which endpoint, and when: the best one that takes it goes first. */
export class EndpointTurns {
  readonly #options: EndpointTurnsOptions;
  readonly #waiting: WaitingCalls;
  #hasAnswered = false;
  #inFlight = 0;

  constructor(options: EndpointTurnsOptions) {
    this.#options = options;
    this.#waiting = new WaitingCalls(options.clock);
  }

  /** Waits until a call may go somewhere; throws where there is no sense in waiting. Each passage must have its end. */
  async next(demand: Demand, call: PendingCall, signal: AbortSignal): Promise<Passage> {
    const turn = (): Turn<Passage> => this.#turn(demand, call);
    if (this.#waiting.isEmpty) {
      const taken = turn();
      if ('got' in taken) return taken.got;
    }
    return this.#waiting.wait(turn, rankOf(demand, call), signal);
  }

  /** Lets so many calls go to an endpoint at once. */
  pass(endpoint: PooledEndpoint, calls: number): Passage {
    const lostBefore = endpoint.breaker.lostTries;
    this.#inFlight++;
    return { endpoint, ...endpoint.begin(calls), lostBefore };
  }

  /** A call has ended, however it did. */
  end(passage: Passage): void {
    this.#inFlight--;
    passage.endpoint.end(passage);
    if (!this.#waiting.isEmpty) this.#waiting.wake();
  }

  /** True where one more may be in flight. */
  get hasRoom(): boolean {
    return this.#inFlight < this.#options.maxRequests;
  }

  /** How many requests the chosen endpoints take at a time, as far as is known; at least 1. */
  room(choice: EndpointChoice): number {
    const trusted = this.#options.order.list.filter(({ name, isTrusted }) => isTrusted && isChosen(choice, name));
    const taken = untilUnlimited(trusted, this.#options.clock.monotonic()).reduce(
      (sum, { inFlight }) => sum + inFlight.reach,
      0,
    );
    return Math.max(1, Math.min(taken, this.#options.maxRequests));
  }

  /** Somebody has answered: what fails from now on may be an outage. */
  answered(): void {
    this.#hasAnswered = true;
  }

  /** Asks an endpoint for its chain, which costs nobody's call anything. */
  async look(endpoint: PooledEndpoint): Promise<void> {
    const passage = this.pass(endpoint, 1);
    try {
      const failure = await endpoint.chain.ask();
      if (failure === null) endpoint.looksWell();
      else endpoint.failed(passage, failure);
    } catch {
      // Closed meanwhile.
    } finally {
      this.end(passage);
    }
  }

  #turn(demand: Demand, call: PendingCall): Turn<Passage> {
    const { choice, oldest = Number.POSITIVE_INFINITY } = demand;
    const usable = this.#options.order.list.filter(
      (endpoint) => isChosen(choice, endpoint.name) && !endpoint.chain.isPutAside && !call.isRefusedBy(endpoint),
    );
    this.#checkBounds(usable, call, demand);
    if (!this.hasRoom) return { at: Number.POSITIVE_INFINITY };
    const now = this.#options.clock.monotonic();
    const candidates = usable.filter((endpoint) => call.notBefore(endpoint) <= now);
    const trusted = candidates.filter((endpoint) => endpoint.isTrusted);
    if (trusted.length > 0) this.#lookAgain(candidates, now);
    const able = trusted.filter(({ history }) => history.mayHold(oldest, now));
    const first = able.filter(({ name }) => name === choice.first);
    const asked = [first, able, trusted, candidates].find(({ length }) => length > 0) ?? [];
    // What waits only for the best one to be asked more is not worth another one, which may give less at once.
    const worthAsking = demand.isUrgent ? asked : untilUnlimited(asked, now);
    const free = worthAsking.find((endpoint) => endpoint.freeAt <= now);
    if (free !== undefined) return { got: this.pass(free, callsOf(demand)) };
    call.waitsFor(usable);
    const later = usable.map((endpoint) => call.notBefore(endpoint)).filter((at) => at > now);
    return { at: Math.min(...worthAsking.map(({ freeAt }) => freeAt), ...later) };
  }

  #checkBounds(usable: readonly PooledEndpoint[], call: PendingCall, { isSimple, isOptional }: Demand): void {
    const { order, chainId, bounds } = this.#options;
    const strangers = order.list.filter(({ chain }) => chain.isPutAside);
    if (strangers.length === order.list.length) throw chainMismatch(chainId ?? 0, strangers);
    if (usable.length === 0) throw unreachable(call.refusal, 1);
    if (isOptional === true && !usable.some(({ isTrusted }) => isTrusted)) throw unreachable(call.failure, 1);
    if (!call.hasTrouble) return;
    const tries = Math.min(...usable.map((endpoint) => call.triesAt(endpoint)));
    const last = call.failure;
    const known = { hasAnswered: this.#hasAnswered, isSimple: isSimple === true || call.isBlameless };
    if (last !== undefined && tries >= boundOf(bounds, last, known)) throw unreachable(last, tries);
  }

  /** Whoever is not trusted is looked at beside the way, as long as others answer. */
  #lookAgain(endpoints: readonly PooledEndpoint[], now: number): void {
    for (const endpoint of endpoints) {
      const isDue = this.hasRoom && !endpoint.isTrusted && !endpoint.chain.isAsked && endpoint.freeAt <= now;
      if (isDue) void this.look(endpoint);
    }
  }
}

/** Returns the first endpoints, up to the first that has no limit that is known, and is not left alone for a while. */
function untilUnlimited(endpoints: readonly PooledEndpoint[], now: number): readonly PooledEndpoint[] {
  const first = endpoints.findIndex(({ isLimited, breaker, rate }) => {
    return !isLimited && breaker.freeAt <= now && rate.freeAt <= now;
  });
  return first < 0 ? endpoints : endpoints.slice(0, first + 1);
}

/** What has failed goes before what begins: others may have been read behind it, and wait. */
function rankOf({ isUrgent }: Demand, { hasFailed }: PendingCall): CallRank {
  if (isUrgent) return 'urgent';
  return hasFailed ? 'again' : 'new';
}

/** Returns how many JSON-RPC calls it is by now. */
export function callsOf({ calls }: Pick<Demand, 'calls'>): number {
  return typeof calls === 'number' ? calls : calls();
}
