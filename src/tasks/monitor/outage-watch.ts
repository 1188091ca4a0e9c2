import type { DatabaseProbe } from '../../database/tasks/database-probe.js';
import type { Clock } from '../../runtime/clock.js';
import { DatabaseClockWatch } from './database-clock-watch.js';
import { silenceLimit } from '../../runtime/silence.js';

export interface OutageWatchOptions {
  readonly clock: Clock;
  /** In milliseconds; a living run is heard within three of them after an outage. */
  readonly heartbeatIntervalMs: number;
}

/** How long the first answer may take: the outage that it comes from may have begun long before this process. */
const firstTolerableMs = 2_000;

/**
 * Knows whether silence means anything. After the database came up, came back, or this process was itself suspended, runs
 * may be silent because they could not be heard: for three heartbeat intervals nobody is judged. A living run is heard
 * within that time, because it reconnects with a backoff of at most one interval.
 */
export class OutageWatch {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #tolerableMs: number;
  /** Since when runs can be heard, by the monotonic clock. */
  #heardSince = -Infinity;
  #reason: string | null = null;
  #away = false;
  #hasAnswered = false;
  readonly #databaseClock: DatabaseClockWatch;
  /** When this process was last seen at work; from there on no moment goes unwatched. */
  #seenAt: Instant;

  constructor({ clock, heartbeatIntervalMs }: OutageWatchOptions) {
    this.#clock = clock;
    this.#seenAt = this.#now();
    this.#waitMs = silenceLimit(heartbeatIntervalMs);
    // A freeze that is shorter than this makes no run miss more than one of its beats.
    this.#tolerableMs = Math.max(1_000, heartbeatIntervalMs / 4);
    this.#databaseClock = new DatabaseClockWatch({ clock, tolerableMs: this.#tolerableMs });
  }

  /** For how long runs could be heard without a break, in milliseconds; Infinity where none is known. */
  get heardForMs(): number {
    return this.#clock.monotonic() - this.#heardSince;
  }

  /** How long nobody may be judged yet, in milliseconds; 0 where the silent may. */
  get waitMs(): number {
    return Math.max(0, this.#waitMs - this.heardForMs);
  }

  /** Why nobody may be judged yet; null where the silent may. */
  get waiting(): string | null {
    return this.waitMs > 0 ? this.#reason : null;
  }

  /** A probe failed: the database is away. */
  probeFailed(): void {
    this.#away = true;
    this.#seenAt = this.#now();
  }

  /** A probe was answered; returns what gives reason to wait, if anything. */
  probeAnswered({ now, uptimeSeconds }: DatabaseProbe): string | null {
    const tookMs = this.#sinceSeen();
    const aheadMs = this.#databaseClock.look(now);
    const wasAway = this.#away;
    const tolerableMs = this.#hasAnswered ? this.#tolerableMs : Math.min(firstTolerableMs, this.#tolerableMs);
    this.#away = false;
    this.#hasAnswered = true;
    if (wasAway) return this.#distrust('the database came back');
    if (tookMs > tolerableMs) return this.#distrust(`the database took ${Math.round(tookMs)} ms to answer`);
    if (aheadMs > 0) return this.#distrust(`the database's clock was set forward by ${Math.round(aheadMs / 1_000)} s`);
    return uptimeSeconds === null ? null : this.#cameUp(uptimeSeconds);
  }

  /** Something that talked to the database has ended; returns what gives reason to wait, if anything. */
  did(what: string): string | null {
    const tookMs = this.#sinceSeen();
    return tookMs > this.#tolerableMs ? this.#distrust(`${what} took ${Math.round(tookMs)} ms`) : null;
  }

  /** This process slept for what it had planned to be `plannedMs`; returns what gives reason to wait, if anything. */
  slept(plannedMs: number): string | null {
    const lateMs = this.#sinceSeen() - plannedMs;
    if (lateMs <= this.#tolerableMs) return null;
    return this.#distrust(`this process was suspended for ${Math.round(lateMs / 1_000)} s`);
  }

  /** Nobody was heard before the server came up. */
  #cameUp(uptimeSeconds: number): string | null {
    const since = this.#clock.monotonic() - uptimeSeconds * 1_000;
    // An uptime is in whole seconds: the same start may seem to lie up to one later.
    if (since <= this.#heardSince + 1_000) return null;
    this.#distrust(`the database is up for ${uptimeSeconds} s only`, since);
    return this.waiting;
  }

  /** While a computer is suspended its monotonic clock may stand still, but the wall clock does not. */
  #sinceSeen(): number {
    const before = this.#seenAt;
    this.#seenAt = this.#now();
    return Math.max(this.#seenAt.monotonic - before.monotonic, this.#seenAt.wall - before.wall);
  }

  #now(): Instant {
    return { monotonic: this.#clock.monotonic(), wall: this.#clock.now() };
  }

  #distrust(reason: string, heardSince = this.#clock.monotonic()): string {
    this.#heardSince = heardSince;
    this.#reason = reason;
    return reason;
  }
}

/** One moment by both clocks, in milliseconds. */
interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}
