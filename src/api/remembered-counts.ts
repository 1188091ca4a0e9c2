import type { Clock } from '../runtime/clock.js';

/** So many rows are counted anew each time: an index gives them in some milliseconds. */
const cheapRows = 10_000;

/** A count that took a while stands for so many times as long: counting takes at most a fiftieth of the server's time. */
const standsFor = 50;

/** Keys that are remembered at most. */
const mostKeys = 500;

/** Counts of rows: small ones are exact; large ones may be some seconds old, and are counted in the background. */
export class RememberedCounts {
  readonly #clock: Clock;
  readonly #counts = new Map<string, RememberedCount>();
  readonly #inTheAir = new Map<string, Promise<unknown>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns what `count` finds, or has found of late; `rows` says how many rows a result stands for. */
  async get<T>(key: string, count: () => Promise<T>, rows: (value: T) => number): Promise<T> {
    const known = this.#counts.get(key);
    const isSmall = known !== undefined && known.rows <= cheapRows;
    if (isSmall) return this.#measure(key, count, rows);
    if (known === undefined) return (await this.#share(key, () => this.#measure(key, count, rows))) as T;
    if (this.#clock.monotonic() - known.at > known.durationMs * standsFor) {
      // Nobody waits for it; where it fails, who asks next counts, and hears why.
      this.#share(key, () => this.#measure(key, count, rows)).catch(() => this.#counts.delete(key));
    }
    return known.value as T;
  }

  /** A large count is in the air once at a time. */
  #share(key: string, count: () => Promise<unknown>): Promise<unknown> {
    const counting = this.#inTheAir.get(key) ?? count().finally(() => this.#inTheAir.delete(key));
    this.#inTheAir.set(key, counting);
    return counting;
  }

  async #measure<T>(key: string, count: () => Promise<T>, rows: (value: T) => number): Promise<T> {
    const begunAt = this.#clock.monotonic();
    const value = await count();
    const at = this.#clock.monotonic();
    if (this.#counts.size >= mostKeys) this.#counts.clear();
    this.#counts.set(key, { value, at, rows: rows(value), durationMs: at - begunAt });
    return value;
  }
}

interface RememberedCount {
  readonly value: unknown;
  readonly rows: number;
  readonly at: number;
  readonly durationMs: number;
}
