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
  /** True where what was asked for behind it has to wait for it: it goes before what begins. */
  readonly isWaitedFor?: boolean;
  /** True where it can't be for the request that a node fails. */
  readonly isSimple?: boolean;
  /** True where whoever asks can do without: then it is tried once, and nobody who is away is waited for. */
  readonly isOptional?: boolean;
  /** True where somebody else may have what an endpoint does not keep any more: once one said so, nobody who is away is waited for. */
  readonly isElsewhere?: boolean;
  /** The first block of which it needs logs, where that may be older than some endpoint's history. */
  readonly oldest?: number | undefined;
  /**
   * Says how much of it the endpoint of a name would answer: those that give most in a time are asked together, whoever gives less
   * once they take no more. 0: it is only asked where no other is there.
   */
  readonly worth?: ((endpoint: string) => number) | undefined;
  /** Called with the name of the endpoint that it goes to. */
  readonly taken?: ((endpoint: string) => void) | undefined;
}

/** Who gives such a share of what the best one gives in the same time is asked beside it; and what one that has just failed counts. */
const alikeShare = 1 / 2;
const lastShare = 1 / 4;
/** For how long one that fits better is waited for, in milliseconds. */
const soonMs = 1_000;

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

  /** All of a call's answer has come: another one may be in flight in its place. */
  received(passage: Passage): void {
    this.#landed(passage);
    this.#wake();
  }

  /** A call has ended, however it did; `hasLanded`: its answer had come before. */
  end(passage: Passage, hasLanded = false): void {
    if (!hasLanded) this.#landed(passage);
    passage.endpoint.end(passage);
    this.#wake();
  }

  /** True where one more may be in flight. */
  get hasRoom(): boolean {
    return this.#inFlight < this.#options.maxRequests;
  }

  /** How many requests the chosen endpoints take at a time, as far as is known; at least 1. */
  room(choice: EndpointChoice, worth?: Demand['worth']): number {
    const trusted = this.#options.order.list.filter(({ name, isTrusted }) => isTrusted && isChosen(choice, name));
    const taken = this.#worthAsking(trusted, { isUrgent: false, worth }, this.#options.clock.monotonic()).reduce(
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

  #landed(passage: Passage): void {
    this.#inFlight--;
    passage.endpoint.landed(passage);
  }

  #wake(): void {
    if (!this.#waiting.isEmpty) this.#waiting.wake();
  }

  #turn(demand: Demand, call: PendingCall): Turn<Passage> {
    const { choice, oldest = Number.POSITIVE_INFINITY } = demand;
    const usable = this.#options.order.list.filter(
      (endpoint) => isChosen(choice, endpoint.name) && !endpoint.chain.isPutAside && !call.isRefusedBy(endpoint),
    );
    this.#checkBounds(usable, call, demand);
    if (!this.hasRoom) return { at: Number.POSITIVE_INFINITY };
    const now = this.#options.clock.monotonic();
    // All that wait are looked at with each answer, and most wait for nothing but the end of another.
    if (!usable.some(({ inFlight }) => inFlight.hasRoom)) return laterAt(usable, [], call, now);
    const candidates = usable.filter((endpoint) => call.notBefore(endpoint) <= now);
    const trusted = candidates.filter((endpoint) => endpoint.isTrusted);
    if (trusted.length > 0) this.#lookAgain(candidates, now);
    const able = trusted.filter(({ history }) => history.mayHold(oldest, now));
    const first = able.filter(({ name }) => name === choice.first);
    const asked = [first, able, trusted, candidates].find(({ length }) => length > 0) ?? [];
    const worthAsking = this.#worthAsking(asked, demand, now);
    const free = worthAsking.find((endpoint) => endpoint.freeAt <= now);
    if (free !== undefined) {
      demand.taken?.(free.name);
      return { got: this.pass(free, callsOf(demand)) };
    }
    return laterAt(usable, worthAsking, call, now);
  }

  /** Returns those that are to be asked, the best first: what waits only for that to be asked more is not worth one that gives less. */
  #worthAsking(
    endpoints: readonly PooledEndpoint[],
    { isUrgent, worth }: Pick<Demand, 'isUrgent' | 'worth'>,
    now: number,
  ): readonly PooledEndpoint[] {
    if (endpoints.length < 2) return endpoints;
    if (worth === undefined) return isUrgent ? endpoints : untilUnlimited(endpoints, now);
    const { order } = this.#options;
    const fitting = endpoints.filter((endpoint) => !order.isPassedOver(endpoint, now) && worth(endpoint.name) > 0);
    if (!fitting.some((endpoint) => isSoonFree(endpoint, now))) return endpoints;
    const gains = this.#gainsOf(fitting, worth, isUrgent, now);
    const least = alikeShare * Math.max(...gains.values());
    const alike = fitting.filter((endpoint) => gainOf(endpoint, gains) >= least);
    if (!isUrgent && alike.some((endpoint) => isUnlimited(endpoint, now))) return alike;
    const others = fitting.filter((endpoint) => !alike.includes(endpoint));
    others.sort((one, other) => gainOf(other, gains) - gainOf(one, gains));
    return [...alike, ...(isUrgent ? others : untilUnlimited(others, now))];
  }

  /** Returns how much each would give in the same time; of what is urgent, how much at once. */
  #gainsOf(
    endpoints: readonly PooledEndpoint[],
    worth: (endpoint: string) => number,
    isUrgent: boolean,
    now: number,
  ): Gains {
    const msOf = ({ health }: PooledEndpoint): number => Math.max(1, health.latencyMs('logs'));
    const shortest = Math.min(...endpoints.map(msOf));
    // Of whom nothing is known the best is expected.
    const inTime = (endpoint: PooledEndpoint): number =>
      isUrgent || msOf(endpoint) === Number.POSITIVE_INFINITY ? 1 : shortest / msOf(endpoint);
    const luck = (endpoint: PooledEndpoint): number =>
      !isUrgent && this.#options.order.isLast(endpoint, now) ? lastShare : 1;
    return new Map(endpoints.map((endpoint) => [endpoint, worth(endpoint.name) * inTime(endpoint) * luck(endpoint)]));
  }

  #checkBounds(usable: readonly PooledEndpoint[], call: PendingCall, demand: Demand): void {
    const { isSimple, isOptional, isElsewhere } = demand;
    const { order, chainId, bounds } = this.#options;
    if (order.list.every(({ chain }) => chain.isPutAside))
      throw chainMismatch(
        chainId ?? 0,
        order.list.filter(({ chain }) => chain.strange !== null),
      );
    const pruned = isElsewhere === true ? call.pruned : undefined;
    if (pruned !== undefined && !usable.some(({ isTrusted }) => isTrusted)) throw unreachable(pruned, 1);
    if (usable.length === 0) throw unreachable(call.refusal, 1);
    if (isOptional === true && !usable.some(({ isTrusted }) => isTrusted)) throw unreachable(call.failure, 1);
    if (!call.hasTrouble) return;
    const tries = Math.min(...usable.map((endpoint) => call.triesAt(endpoint)));
    const last = call.failure;
    const known = {
      hasAnswered: this.#hasAnswered,
      hasTold: order.list.some(({ newest }) => newest !== null),
      isSimple: isSimple === true || call.isBlameless,
    };
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

/** Returns when a call may go somewhere: once one of those that are worth asking is free, or one that failed it is to be asked again. */
function laterAt(
  usable: readonly PooledEndpoint[],
  worthAsking: readonly PooledEndpoint[],
  call: PendingCall,
  now: number,
): { readonly at: number } {
  call.waitsFor(usable);
  const later = usable.map((endpoint) => call.notBefore(endpoint)).filter((at) => at > now);
  return { at: Math.min(...worthAsking.map(({ freeAt }) => freeAt), ...later) };
}

type Gains = ReadonlyMap<PooledEndpoint, number>;

function gainOf(endpoint: PooledEndpoint, gains: Gains): number {
  return gains.get(endpoint) ?? 0;
}

/** Returns the first endpoints, up to the first that has no limit that is known, and is not left alone for a while. */
function untilUnlimited(endpoints: readonly PooledEndpoint[], now: number): readonly PooledEndpoint[] {
  const first = endpoints.findIndex((endpoint) => isUnlimited(endpoint, now));
  return first < 0 ? endpoints : endpoints.slice(0, first + 1);
}

/** Says whether an endpoint is not to be left alone for long. */
function isSoonFree({ breaker, rate }: PooledEndpoint, now: number): boolean {
  return Math.max(breaker.freeAt, rate.freeAt) <= now + soonMs;
}

function isUnlimited({ isLimited, breaker, rate }: PooledEndpoint, now: number): boolean {
  return !isLimited && breaker.freeAt <= now && rate.freeAt <= now;
}

/** What has failed goes before what begins: others may have been read behind it, and wait. */
function rankOf({ isUrgent, isWaitedFor }: Demand, { hasFailed }: PendingCall): CallRank {
  if (isUrgent) return 'urgent';
  return isWaitedFor === true || hasFailed ? 'again' : 'new';
}

/** Returns how many JSON-RPC calls it is by now. */
export function callsOf({ calls }: Pick<Demand, 'calls'>): number {
  return typeof calls === 'number' ? calls : calls();
}
