import type { Clock } from '../../../runtime/clock.js';
import type { Logger } from '../../../runtime/logger.js';
import type { PooledEndpoint } from './pooled-endpoint.js';

/** How one endpoint is, for people and programs that watch it. */
export interface EndpointReport {
  readonly name: string;
  /**
   * `open`: it fails, and is not asked; `half-open`: one call tries it; `wrong chain`: it serves another chain, or another fork, and is
   * put aside; `idle`: it has not been asked for so long that what it said last says nothing of now.
   */
  readonly state: 'closed' | 'half-open' | 'open' | 'wrong chain' | 'idle';
  /** How long a call for the head, and one for logs, takes there; null where that is not known. */
  readonly headMs: number | null;
  readonly logsMs: number | null;
  /** How long ago it answered a call for the head, in milliseconds; null where it never has. */
  readonly headAgeMs: number | null;
  /** For how long a call for the head has gone without an answer, and none was answered since it left, in milliseconds; 0: none has. */
  readonly headWaitMs: number;
  /** For how long it may before the head is unknown, in milliseconds. */
  readonly headPatienceMs: number;
  /** The same of any call, where nothing at all was answered since it left. */
  readonly waitMs: number;
  /** The share of failures among its latest calls, from 0 to 1. */
  readonly errorRate: number;
  /** The latest of them failed. */
  readonly latestFailed: boolean;
  readonly inFlight: number;
  /** It has refused more at a time, or a second, than it is asked now. */
  readonly isLimited: boolean;
  /** The most requests at a time, and calls a second, that it is asked; null where no limit is known. */
  readonly maxInFlight: number | null;
  readonly maxPerSecond: number | null;
  /** The share of the last minute's calls that it refused as too many, from 0 to 1. */
  readonly refusedShare: number;
  /** The first block of its history; 0 where nothing else is known. */
  readonly historyBegins: number;
  /** The newest block that it has told of, when it was asked last; null where it has told of none. */
  readonly newestBlock: number | null;
  /** Without any secret of its URL. */
  readonly lastError: string | null;
  /** How long ago that was, in milliseconds; null where there was none. */
  readonly lastErrorAgeMs: number | null;
  /** How many calls were answered, and failed by the class of their error. */
  readonly results: Readonly<Record<string, number>>;
}

/** How often the log tells how the endpoints are, in milliseconds. */
const reportMs = 300_000;

/** Tells the log now and then how endpoints are. */
export class EndpointReporter {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #reportedAt: number;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#reportedAt = clock.monotonic();
  }

  /** Logs what `reports` gives, if that has not been done lately. */
  tell(reports: () => readonly EndpointReport[]): void {
    const now = this.#clock.monotonic();
    if (now - this.#reportedAt < reportMs) return;
    this.#reportedAt = now;
    for (const report of reports()) {
      const { name, state, ...figures } = report;
      const message = `endpoint ${name} is ${state}: ${JSON.stringify(figures)}`;
      this.#logger.log('debug', message, { event: 'rpc.health', ...report });
    }
  }
}

/** Returns how an endpoint is at a time of its clock. */
export function reportOn(endpoint: PooledEndpoint, now: number): EndpointReport {
  const { name, newest, chain, breaker, health, inFlight, rate, history } = endpoint;
  return {
    name,
    state: chain.strange === null && !chain.isAstray ? breaker.state : 'wrong chain',
    headMs: rounded(health.latencyMs('head')),
    logsMs: rounded(health.latencyMs('logs')),
    headAgeMs: rounded(now - health.measuredAt('head')),
    headWaitMs: Math.round(health.headWaitMs(now)),
    headPatienceMs: health.headPatienceMs,
    waitMs: Math.round(health.waitMs(now)),
    errorRate: Math.round(health.errorRate(now) * 100) / 100,
    latestFailed: health.latestFailed,
    inFlight: inFlight.inFlight,
    isLimited: endpoint.isLimited,
    maxInFlight: rounded(inFlight.known),
    maxPerSecond: rounded(rate.perSecond),
    refusedShare: endpoint.refused.share(now),
    historyBegins: history.begins,
    newestBlock: newest,
    lastError: health.lastError?.message ?? null,
    lastErrorAgeMs: health.lastError === null ? null : Math.round(now - health.lastErrorAt),
    results: health.counts,
  };
}

function rounded(value: number): number | null {
  return value === Number.POSITIVE_INFINITY ? null : Math.round(value * 10) / 10;
}
