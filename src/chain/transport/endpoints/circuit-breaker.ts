import { backoffMs } from '../../../runtime/retry.js';
import type { Backoff } from '../../../runtime/retry.js';

/** How many failures in a row are borne. */
const failuresBorne = 3;
/** However long a failed try took, the next one comes no sooner than so many milliseconds later. */
const leastRestMs = 250;

/**
 * Keeps calls from whoever has failed several times in a row: after a growing, jittered time one of them tries it, and its
 * outcome decides. Times are those of one monotonic clock, in milliseconds.
 */
export class CircuitBreaker {
  readonly #backoff: Backoff;
  #failures = 0;
  #lostTries = 0;
  /** When it opened, or last failed while open; null while it is closed. */
  #openedAt: number | null = null;
  #retryAt = Number.NEGATIVE_INFINITY;
  /** When the call left that tries it; null where none does. */
  #tryingSince: number | null = null;

  constructor(backoff: Backoff) {
    this.#backoff = backoff;
  }

  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#openedAt === null) return 'closed';
    return this.#tryingSince === null ? 'open' : 'half-open';
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** How many tries have failed while it was open, in all. */
  get lostTries(): number {
    return this.#lostTries;
  }

  /** From when on a call may pass: at once while closed, none while another one tries. */
  get freeAt(): number {
    return this.#tryingSince === null ? this.#retryAt : Number.POSITIVE_INFINITY;
  }

  /** A call passes. */
  begin(now: number): void {
    if (this.#openedAt !== null) this.#tryingSince = now;
  }

  /** A call that had passed at `since` ended; if it told nothing, another one may try. */
  end(since: number): void {
    if (this.#tryingSince === since) this.#tryingSince = null;
  }

  /** It was looked at, and seems well: calls may pass, of which one failure is enough to open it again. */
  allow(): void {
    this.#openedAt = null;
    this.#tryingSince = null;
    this.#retryAt = Number.NEGATIVE_INFINITY;
  }

  /** A call succeeded. */
  succeed(): void {
    this.#failures = 0;
    this.allow();
  }

  /** A call that began at `since` failed; answers whether that is news. */
  fail(since: number, now: number): boolean {
    // What had begun before it opened tells nothing new.
    if (this.#openedAt !== null && since < this.#openedAt) return false;
    if (this.#openedAt !== null) this.#lostTries++;
    this.#tryingSince = null;
    if (++this.#failures < failuresBorne) return true;
    this.#openedAt = now;
    // Counted from the beginning: a try that hung until its deadline has been a wait, too.
    this.#retryAt = Math.max(now + leastRestMs, since + backoffMs(this.#failures, this.#backoff));
    return true;
  }
}
