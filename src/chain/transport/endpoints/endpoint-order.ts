import type { PooledEndpoint } from './pooled-endpoint.js';

/** How long an endpoint that has just failed stays behind the others, however quick it is, in milliseconds. */
const lastForMs = 5_000;
/** The share of the time that another endpoint must save: small differences are not worth a change. */
const gain = 0.4;
/** The share of the time at the first one that must be known of another to compare them. */
const enough = 0.8;
/** How often the order is considered, and for how long a figure holds, in milliseconds. */
const considerMs = 1_000;
const figureMs = 60_000;
/** One call in so many is made at another endpoint as well, to see how quick that is. */
const callsPerLook = 20;
/** After so many calls what was asked earlier counts half. */
const callsRemembered = 500;
const kinds = ['head', 'logs'] as const;

/** Calls by which endpoints are compared: how long times take depends on how many are asked for. */
type ComparedKind = (typeof kinds)[number];

/** In which order endpoints are asked: whoever is quick and does not fail comes first, and stays there. */
export class EndpointOrder {
  #list: readonly PooledEndpoint[];
  /** When an endpoint that failed may be considered again. */
  readonly #lastUntil = new Map<PooledEndpoint, number>();
  /** Until when an endpoint is not believed. */
  readonly #passedUntil = new Map<PooledEndpoint, number>();
  /** How many calls there were lately, and since the last look at another endpoint. */
  readonly #lately: Record<ComparedKind, number> = { head: 0, logs: 0 };
  readonly #sinceLook: Record<ComparedKind, number> = { head: 0, logs: 0 };
  #consideredAt = Number.NEGATIVE_INFINITY;

  constructor(endpoints: readonly PooledEndpoint[]) {
    this.#list = endpoints;
  }

  /** The best first; those whose heads stand still while others have more come after all others. */
  get list(): readonly PooledEndpoint[] {
    const standing = this.#list.filter(({ standsStill }) => standsStill);
    if (standing.length === 0) return this.#list;
    return [...this.#list.filter(({ standsStill }) => !standsStill), ...standing];
  }

  /** Asks an endpoint after the others from now on. */
  putLast(endpoint: PooledEndpoint, now: number): void {
    if (this.#list.length < 2) return;
    this.#lastUntil.set(endpoint, now + lastForMs);
    this.#list = [...this.#list.filter((other) => other !== endpoint), endpoint];
  }

  /** What it said was not the truth, or not all of it: it is put last, and asked for nothing as long as others are there. */
  passOver(endpoint: PooledEndpoint, now: number): void {
    this.putLast(endpoint, now);
    this.#passedUntil.set(endpoint, now + lastForMs);
  }

  /** Says whether an endpoint has just failed. */
  isLast(endpoint: PooledEndpoint, now: number): boolean {
    return (this.#lastUntil.get(endpoint) ?? now) > now;
  }

  /** Says whether an endpoint has been passed over of late, and is not believed. */
  isPassedOver(endpoint: PooledEndpoint, now: number): boolean {
    return (this.#passedUntil.get(endpoint) ?? now) > now;
  }

  /**
   * A call of a kind was answered: returns an endpoint among those that could have answered it, too, which is worth being
   * asked the same to compare them.
   */
  answered(
    kind: ComparedKind,
    by: PooledEndpoint,
    isAble: (endpoint: PooledEndpoint) => boolean,
    now: number,
  ): PooledEndpoint | undefined {
    if (this.#list.length < 2) return undefined;
    this.#lately[kind]++;
    this.#sinceLook[kind]++;
    if (now - this.#consideredAt >= considerMs) this.#consider(now);
    if (this.#sinceLook[kind] < callsPerLook) return undefined;
    const other = this.#list.find(
      (endpoint) => endpoint !== by && isAble(endpoint) && isWorthALook(endpoint, kind, now),
    );
    if (other !== undefined) this.#sinceLook[kind] = 0;
    return other;
  }

  /** Puts the best first, if it is clearly better than the first. */
  #consider(now: number): void {
    this.#consideredAt = now;
    if (this.#lately.head + this.#lately.logs > callsRemembered) for (const kind of kinds) this.#lately[kind] /= 2;
    const [first] = this.list;
    if (first === undefined) return;
    const costs = this.#list.map((other) => ({ other, cost: this.#costBeside(first, other, now) }));
    const best = costs.reduce((one, other) => (other.cost < one.cost ? other : one));
    if (best.cost < 1 - gain) this.#list = [best.other, ...this.#list.filter((endpoint) => endpoint !== best.other)];
  }

  /** How long what was asked lately would have taken there, as a share of the time at the first one. */
  #costBeside(first: PooledEndpoint, other: PooledEndpoint, now: number): number {
    if (other === first || this.isLast(other, now) || !other.isTrusted) return 1;
    const timeAt = ({ health }: PooledEndpoint, of: readonly ComparedKind[]): number =>
      of.reduce((sum, kind) => sum + this.#lately[kind] * health.latencyMs(kind), 0);
    const asked = kinds.filter((kind) => this.#lately[kind] > 0 && first.health.latencyMs(kind) < Infinity);
    const known = asked.filter((kind) => other.health.latencyMs(kind) < Infinity);
    // What is seldom asked, or quick at any rate, need not be known.
    if (timeAt(first, known) < timeAt(first, asked) * enough) return 1;
    return (timeAt(other, known) * other.health.penalty(now)) / (timeAt(first, known) * first.health.penalty(now));
  }
}

function isWorthALook(endpoint: PooledEndpoint, kind: ComparedKind, now: number): boolean {
  const isFree = endpoint.breaker.state === 'closed' && !endpoint.chain.isPutAside && endpoint.freeAt <= now;
  return isFree && now - endpoint.health.measuredAt(kind) >= figureMs;
}
