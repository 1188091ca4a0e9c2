import { instantToMs } from '../../model/instant.js';
import type { Clock } from '../../runtime/clock.js';

export interface DatabaseClockWatchOptions {
  readonly clock: Clock;
  /** By how much the two clocks may differ from one look to the next, in milliseconds. */
  readonly tolerableMs: number;
}

/** The database tells whole seconds. */
const resolutionMs = 1_000;

/**
 * Notices where the database's clock was set forward while this process looked: by that clock everybody has been silent
 * since then.
 */
export class DatabaseClockWatch {
  readonly #clock: Clock;
  readonly #tolerableMs: number;
  #seen: { readonly database: number; readonly monotonic: number } | null = null;

  constructor({ clock, tolerableMs }: DatabaseClockWatchOptions) {
    this.#clock = clock;
    this.#tolerableMs = tolerableMs + resolutionMs;
  }

  /** Takes what the clock says now; returns by how many milliseconds it was set forward since the last look, or 0. */
  look(instant: string): number {
    const before = this.#seen;
    const seen = { database: instantToMs(instant), monotonic: this.#clock.monotonic() };
    this.#seen = seen;
    if (before === null) return 0;
    const aheadMs = seen.database - before.database - (seen.monotonic - before.monotonic);
    return aheadMs > this.#tolerableMs ? aheadMs : 0;
  }
}
