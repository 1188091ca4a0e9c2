import type { Clock } from '../runtime/clock.js';

export interface OutageWatchOptions {
  readonly clock: Clock;
  /** In milliseconds; a living run is heard within three of them after an outage. */
  readonly heartbeatIntervalMs: number;
}

/**
 * Knows whether silence means anything. After the database came up, came back, or this process was itself suspended, runs
 * may be silent because they could not be heard: for three heartbeat intervals nobody is judged. A living run is heard
 * within that time, because it reconnects with a backoff of at most one interval.
 */
export class OutageWatch {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #tolerableMs: number;
  /** By the monotonic clock. */
  #judgeableAt = -Infinity;
  #away = false;

  constructor({ clock, heartbeatIntervalMs }: OutageWatchOptions) {
    this.#clock = clock;
    this.#waitMs = 3 * heartbeatIntervalMs;
    // A freeze that is shorter than this makes no run miss more than one of its beats.
    this.#tolerableMs = Math.max(1_000, heartbeatIntervalMs / 4);
  }

  /** How long nobody may be judged yet, in milliseconds; 0 where the silent may. */
  get waitMs(): number {
    return Math.max(0, this.#judgeableAt - this.#clock.monotonic());
  }

  /** A probe failed: the database is away. */
  probeFailed(): void {
    this.#away = true;
  }

  /** This moment by both clocks. */
  get now(): Instant {
    return { monotonic: this.#clock.monotonic(), wall: this.#clock.now() };
  }

  /** A probe that was sent at `from` was answered by a server that is up for so long; returns what gives reason to wait, if anything. */
  probeAnswered(from: Instant, uptimeSeconds: number | null): string | null {
    const wasAway = this.#away;
    this.#away = false;
    if (wasAway) return this.#distrust('the database came back');
    const tookMs = this.#since(from);
    if (tookMs > this.#tolerableMs) return this.#distrust(`the database took ${Math.round(tookMs)} ms to answer`);
    if (uptimeSeconds === null || uptimeSeconds * 1_000 >= this.#waitMs) return null;
    return this.#distrust(`the database is up for ${uptimeSeconds} s only`, this.#waitMs - uptimeSeconds * 1_000);
  }

  /** A check that began at `from` has ended. Returns what gives reason to wait before the next one, if anything. */
  checked(from: Instant): string | null {
    const tookMs = this.#since(from);
    return tookMs > this.#tolerableMs ? this.#distrust(`the check took ${Math.round(tookMs)} ms`) : null;
  }

  /** This process slept since `from`: it had planned `plannedMs`. Returns what gives reason to wait, if anything. */
  slept(plannedMs: number, from: Instant): string | null {
    const lateMs = this.#since(from) - plannedMs;
    if (lateMs <= this.#tolerableMs) return null;
    return this.#distrust(`the monitor was suspended for ${Math.round(lateMs / 1_000)} s`);
  }

  /** While a computer is suspended its monotonic clock may stand still, but the wall clock does not. */
  #since(from: Instant): number {
    return Math.max(this.#clock.monotonic() - from.monotonic, this.#clock.now() - from.wall);
  }

  #distrust(reason: string, waitMs = this.#waitMs): string {
    this.#judgeableAt = Math.max(this.#judgeableAt, this.#clock.monotonic() + waitMs);
    return reason;
  }
}

/** One moment by both clocks, in milliseconds. */
export interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}
