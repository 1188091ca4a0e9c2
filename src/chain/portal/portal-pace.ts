import type { Clock } from '../../runtime/clock.js';
import { PortalError } from './portal-error.js';

/** What the public portal allows: requests in a window of so many milliseconds. */
const publicRate = { requests: 20, windowMs: 10_000 } as const;
const publicHost = 'portal.sqd.dev';

/** Lets requests to one portal leave as often as it allows, whoever makes them, and none while it wants to be left alone. */
export class PortalPace {
  readonly #clock: Clock;
  readonly #isLimited: boolean;
  /** When the requests of the last window left, by the monotonic clock, the oldest first. */
  #left: number[] = [];
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** Takes the portal's host: of others than the public one no rate is known. */
  constructor(host: string, clock: Clock) {
    this.#clock = clock;
    this.#isLimited = host === publicHost;
  }

  /**
   * Resolves when a request may leave; returns how long that took, in milliseconds. Throws PortalError where the portal wants
   * to be left alone for longer than `mostPauseMs`, whoever was told so.
   */
  async turn(signal: AbortSignal, mostPauseMs = Number.POSITIVE_INFINITY): Promise<number> {
    const since = this.#clock.monotonic();
    for (;;) {
      signal.throwIfAborted();
      const now = this.#clock.monotonic();
      const pauseMs = this.#pausedUntil - now;
      if (pauseMs > mostPauseMs)
        throw new PortalError(`it wants to be left alone for ${Math.ceil(pauseMs / 1_000)} s`, {
          class: 'busy',
          isAnswer: true,
          retryAfterMs: pauseMs,
        });
      const waitMs = this.#nextAt(now) - now;
      if (waitMs <= 0) {
        if (this.#isLimited) this.#left.push(now);
        return now - since;
      }
      await this.#clock.sleep(waitMs, signal);
    }
  }

  /** No request may leave for some time, in milliseconds. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.monotonic() + ms);
  }

  #nextAt(now: number): number {
    const { requests, windowMs } = publicRate;
    this.#left = this.#left.filter((at) => now - at < windowMs);
    const oldest = this.#left[this.#left.length - requests];
    return Math.max(this.#pausedUntil, oldest === undefined ? now : oldest + windowMs);
  }
}
