import type { Clock } from '../../runtime/clock.js';

/** Addresses that are remembered at most: a flood from many must not fill the memory. */
const mostKeys = 20_000;
const windowMs = 60_000;

/** Counts requests of each key in windows of a minute. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limit: number;
  #counts = new Map<string, number>();
  #windowEndsAt = -Infinity;

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Counts one request; returns null, or after how many seconds the key may try again. */
  take(key: string): number | null {
    const now = this.#clock.monotonic();
    if (now >= this.#windowEndsAt || this.#counts.size >= mostKeys) {
      this.#counts = new Map();
      this.#windowEndsAt = now + windowMs;
    }
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count <= this.#limit ? null : Math.max(1, Math.ceil((this.#windowEndsAt - now) / 1_000));
  }
}
