import type { RateStatement } from '../rpc/rate-headers.js';
import { StatedWindow } from './stated-window.js';
import type { Heard } from './stated-window.js';

/** A window that no answer tells of for so long is over, in milliseconds: another limit has taken its place. */
const rememberedMs = 120_000;
/** How many windows are kept to: whoever tells of more makes them up. */
const mostWindows = 8;

/**
 * How often an endpoint may be asked as the headers of its answers state it: answers that state different limits tell of different
 * windows, and all are kept to. Times are those of one monotonic clock, in milliseconds.
 */
export class StatedRate {
  readonly #windows = new Map<string, StatedWindow>();

  /** Requests a second; infinite where nothing is stated. */
  get perSecond(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { perSecond } of this.#windows.values()) least = Math.min(least, perSecond);
    return least;
  }

  /** When the next request may leave while so many are on their way. */
  freeAt(inFlight: number): number {
    let latest = Number.NEGATIVE_INFINITY;
    for (const window of this.#windows.values()) latest = Math.max(latest, window.freeAt(inFlight));
    return latest;
  }

  /** Requests leave. */
  sent(requests: number, now: number): void {
    for (const window of this.#windows.values()) window.sent(requests, now);
  }

  /** An answer states these. */
  hear(statements: readonly RateStatement[], heard: Heard, now: number): void {
    for (const statement of statements) {
      const { limit = Number.POSITIVE_INFINITY } = statement;
      const name = `${statement.window} ${limit}`;
      const window = this.#windows.get(name) ?? new StatedWindow(limit);
      if (this.#windows.size < mostWindows) this.#windows.set(name, window);
      window.hear(statement, heard, now);
    }
    for (const [name, { heardAt }] of this.#windows) if (now - heardAt > rememberedMs) this.#windows.delete(name);
  }

  /** A request was refused for the number of requests. */
  refused(): void {
    for (const window of this.#windows.values()) window.refused();
  }
}
