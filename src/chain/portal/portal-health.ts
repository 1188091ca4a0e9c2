import { portalName } from '../../model/rpc-endpoint.js';
import type { Clock } from '../../runtime/clock.js';
import type { EndpointReport } from '../transport/endpoints/endpoint-report.js';
import type { PortalError } from './portal-error.js';

/** For how long an answer says how a portal is, in milliseconds: a run that waits for its shards, or its sinks, asks for nothing. */
const knownMs = 300_000;

/** How a portal is to one run, which asks it for one data set: what it gives others says nothing of that. */
export class PortalHealth {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #results = { answer: 0, failed: 0 };
  #latest: 'answer' | 'limit' | 'fault' = 'answer';
  #latestAt = Number.NEGATIVE_INFINITY;
  #lastError: { readonly message: string; readonly at: number } | null = null;

  constructor(host: string, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  /** It has given what was asked for, or said that there is nothing of it yet. */
  answered(): void {
    this.#results.answer++;
    this.#is('answer');
  }

  /** It has not: that it is asked too often is no fault of it. */
  failed({ message, isAnswer, class: kind }: PortalError): void {
    if (isAnswer && kind !== 'busy') {
      this.answered();
      return;
    }
    this.#results.failed++;
    this.#is(isAnswer ? 'limit' : 'fault');
    this.#lastError = { message, at: this.#latestAt };
  }

  /** Returns how it is, as an endpoint of a chain tells it. */
  report(): EndpointReport {
    const failure = this.#lastError;
    const now = this.#clock.monotonic();
    const isIdle = this.#latest !== 'fault' && now - this.#latestAt > knownMs;
    return {
      ...{
        name: portalName(this.#host),
        state: isIdle ? 'idle' : 'closed',
        headMs: null,
        logsMs: null,
        headAgeMs: null,
      },
      ...{
        headWaitMs: 0,
        headPatienceMs: 0,
        waitMs: 0,
        errorRate: 0,
        latestFailed: this.#latest === 'fault',
        inFlight: 0,
      },
      ...{ isLimited: this.#latest === 'limit', maxInFlight: null, maxPerSecond: null, refusedShare: 0 },
      ...{ historyBegins: 0, newestBlock: null },
      lastError: failure?.message ?? null,
      lastErrorAgeMs: failure === null ? null : now - failure.at,
      results: { ...this.#results },
    };
  }

  #is(latest: 'answer' | 'limit' | 'fault'): void {
    this.#latest = latest;
    this.#latestAt = this.#clock.monotonic();
  }
}
