import type { CallKind } from './endpoint-health.js';
import type { PooledEndpoint } from './pooled-endpoint.js';

/** How long an endpoint that has just failed stays behind the others, however quick it is, in milliseconds. */
const lastForMs = 5_000;
/** The share of the time that another endpoint must save: small differences are not worth a change. */
const gain = 0.4;
/** How often the order is considered, and for how long a figure holds, in milliseconds. */
const considerMs = 1_000;
const figureMs = 60_000;
/** One call in so many is made at another endpoint as well, to see how quick that is. */
const callsPerLook = 20;
/** After so many calls what was asked earlier counts half. */
const callsRemembered = 500;
const kinds: readonly CallKind[] = ['head', 'logs'];

/** In which order endpoints are asked: whoever is quick and does not fail comes first, and stays there. */
export class EndpointOrder {
  #list: readonly PooledEndpoint[];
  /** When an endpoint that failed may be considered again. */
  readonly #lastUntil = new Map<PooledEndpoint, number>();
  /** How many calls there were lately, and since the last look at another endpoint. */
  readonly #lately: Record<CallKind, number> = { head: 0, logs: 0 };
  readonly #sinceLook: Record<CallKind, number> = { head: 0, logs: 0 };
  #consideredAt = Number.NEGATIVE_INFINITY;

  constructor(endpoints: readonly PooledEndpoint[]) {
    this.#list = endpoints;
  }

  get list(): readonly PooledEndpoint[] {
    return this.#list;
  }

  /** Asks an endpoint after the others from now on. */
  putLast(endpoint: PooledEndpoint, now: number): void {
    if (this.#list.length < 2) return;
    this.#lastUntil.set(endpoint, now + lastForMs);
    this.#list = [...this.#list.filter((other) => other !== endpoint), endpoint];
  }

  /** A call of a kind was answered: returns an endpoint that is worth being asked the same, to compare them. */
  answered(kind: CallKind, by: PooledEndpoint, now: number): PooledEndpoint | undefined {
    if (this.#list.length < 2) return undefined;
    this.#lately[kind]++;
    this.#sinceLook[kind]++;
    if (now - this.#consideredAt >= considerMs) this.#consider(now);
    if (this.#sinceLook[kind] < callsPerLook) return undefined;
    const other = this.#list.find(
      (endpoint) =>
        endpoint !== by &&
        endpoint.breaker.state === 'closed' &&
        endpoint.freeAt <= now &&
        !endpoint.chain.isPutAside &&
        now - endpoint.health.measuredAt(kind) >= figureMs,
    );
    if (other !== undefined) this.#sinceLook[kind] = 0;
    return other;
  }

  /** Puts the best first, if it is clearly better than the first. */
  #consider(now: number): void {
    this.#consideredAt = now;
    if (this.#lately.head + this.#lately.logs > callsRemembered) for (const kind of kinds) this.#lately[kind] /= 2;
    const [first] = this.#list;
    const fit = this.#list.filter((endpoint) => endpoint === first || this.#isFit(endpoint, now));
    const best = fit.reduce((one, other) => (this.#cost(other, now) < this.#cost(one, now) ? other : one));
    if (first === undefined || !(this.#cost(best, now) < this.#cost(first, now) * (1 - gain))) return;
    this.#list = [best, ...this.#list.filter((endpoint) => endpoint !== best)];
  }

  #isFit(endpoint: PooledEndpoint, now: number): boolean {
    const isLast = (this.#lastUntil.get(endpoint) ?? now) > now;
    return !isLast && endpoint.breaker.state === 'closed' && endpoint.chain.strange === null;
  }

  /** How long what was asked lately would have taken there. */
  #cost({ health }: PooledEndpoint, now: number): number {
    const times = kinds.map((kind) => (this.#lately[kind] === 0 ? 0 : this.#lately[kind] * health.latencyMs(kind)));
    return times.reduce((sum, ms) => sum + ms, 0) * health.penalty(now);
  }
}
