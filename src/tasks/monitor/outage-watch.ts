import type { DatabaseProbe } from '../../database/tasks/database-probe.js';
import type { Clock } from '../../runtime/clock.js';
import { DatabaseBusyError, DatabaseForbiddenError, DatabaseUnreachableError } from '../../runtime/errors.js';
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
  readonly #options: OutageWatchOptions;
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #tolerableMs: number;
  readonly #known: Known;
  /** When this process was last seen at work; from there on no moment goes unwatched. */
  #seenAt: Instant;
  /** When began what the locks of others have kept from being done since; null: nothing. */
  #busyFrom: Instant | null = null;
  /** For how long this process has slept as planned since the last of those tries, in milliseconds: no lock took that time. */
  #sleptMs = 0;

  /** `known`: what another watch of this process knows. */
  constructor(options: OutageWatchOptions, known?: Known) {
    const { clock, heartbeatIntervalMs } = options;
    this.#options = options;
    this.#clock = clock;
    this.#seenAt = this.#now();
    this.#waitMs = silenceLimit(heartbeatIntervalMs);
    // A freeze that is shorter than this makes no run miss more than one of its beats.
    this.#tolerableMs = Math.max(1_000, heartbeatIntervalMs / 4);
    const databaseClock = new DatabaseClockWatch({ clock, tolerableMs: this.#tolerableMs });
    this.#known = known ?? { heardSince: -Infinity, reason: null, isAway: false, hasAnswered: false, databaseClock };
  }

  /** Returns one for what this process does beside: it sees its own gaps alone, and what either has noticed both know. */
  another(): OutageWatch {
    return new OutageWatch(this.#options, this.#known);
  }

  /** Says whether silence means anything by now: the database answers, and runs could be heard for long enough. */
  get isSilenceKnown(): boolean {
    return this.#known.hasAnswered && !this.#known.isAway && this.waitMs === 0;
  }

  /** Says so of the silence of who beats every so many seconds, which may be rarer than this process does. */
  isSilenceKnownOf(intervalSeconds: number): boolean {
    return this.isSilenceKnown && this.heardForMs >= silenceLimit(intervalSeconds * 1_000);
  }

  /** For how long runs could be heard without a break, in milliseconds; Infinity where none is known. */
  get heardForMs(): number {
    return this.#clock.monotonic() - this.#known.heardSince;
  }

  /** How long nobody may be judged yet, in milliseconds; 0 where the silent may. */
  get waitMs(): number {
    return Math.max(0, this.#waitMs - this.heardForMs);
  }

  /** Why nobody may be judged yet; null where the silent may. */
  get waiting(): string | null {
    return this.waitMs > 0 ? this.#known.reason : null;
  }

  /**
   * Something that asked the database failed. Where that can't be reached, or its user has lost rights, it is away. Whose locks
   * are in the way hears that it is there: as with what took long, they matter where they last for so long that runs could not be heard either.
   */
  failed(error: unknown): void {
    if (!(error instanceof DatabaseUnreachableError || error instanceof DatabaseForbiddenError)) return;
    if (error instanceof DatabaseBusyError) {
      const busyFrom = (this.#busyFrom ??= this.#seenAt);
      // Locks that are in the way of two tries in a row may have been so in between.
      this.#sleptMs = 0;
      const tookMs = this.#tookMs();
      if (tookMs > this.#tolerableMs) this.#distrust(`the database was busy for ${Math.round(tookMs)} ms`);
      this.#busyFrom = busyFrom;
      return;
    }
    this.#known.isAway = true;
    this.#seenAt = this.#now();
  }

  /** A probe was answered; returns what gives reason to wait, if anything. */
  probeAnswered({ now, uptimeSeconds }: DatabaseProbe): string | null {
    const tookMs = this.#tookMs();
    const aheadMs = this.#known.databaseClock.look(now);
    const { isAway: wasAway, hasAnswered } = this.#known;
    const tolerableMs = hasAnswered ? this.#tolerableMs : Math.min(firstTolerableMs, this.#tolerableMs);
    this.#known.isAway = false;
    this.#known.hasAnswered = true;
    if (wasAway) return this.#distrust('the database came back');
    if (tookMs > tolerableMs) return this.#distrust(`the database took ${Math.round(tookMs)} ms to answer`);
    if (aheadMs > 0) return this.#distrust(`the database's clock was set forward by ${Math.round(aheadMs / 1_000)} s`);
    return uptimeSeconds === null ? null : this.#cameUp(uptimeSeconds);
  }

  /** Something that talked to the database has ended; returns what gives reason to wait, if anything. */
  did(what: string): string | null {
    const tookMs = this.#tookMs();
    return tookMs > this.#tolerableMs ? this.#distrust(`${what} took ${Math.round(tookMs)} ms`) : null;
  }

  /** This process slept for what it had planned to be `plannedMs`; returns what gives reason to wait, if anything. */
  slept(plannedMs: number): string | null {
    const tookMs = this.#sinceSeen();
    if (this.#busyFrom !== null) this.#sleptMs += Math.min(plannedMs, tookMs);
    const lateMs = tookMs - plannedMs;
    if (lateMs <= this.#tolerableMs) return null;
    return this.#distrust(`this process was suspended for ${Math.round(lateMs / 1_000)} s`);
  }

  /** Nobody was heard before the server came up. */
  #cameUp(uptimeSeconds: number): string | null {
    const since = this.#clock.monotonic() - uptimeSeconds * 1_000;
    // An uptime is in whole seconds: the same start may seem to lie up to one later.
    if (since <= this.#known.heardSince + 1_000) return null;
    this.#distrust(`the database is up for ${uptimeSeconds} s only`, since);
    return this.waiting;
  }

  /** How long it took until the database did something, with the tries that locks kept it from, in milliseconds. */
  #tookMs(): number {
    this.#seenAt = this.#busyFrom ?? this.#seenAt;
    this.#busyFrom = null;
    const sleptMs = this.#sleptMs;
    this.#sleptMs = 0;
    return this.#sinceSeen() - sleptMs;
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
    this.#known.heardSince = heardSince;
    this.#known.reason = reason;
    return reason;
  }
}

/** What the watches of one process know together. */
interface Known {
  /** Since when runs can be heard, by the monotonic clock. */
  heardSince: number;
  reason: string | null;
  isAway: boolean;
  /** A probe was answered once. */
  hasAnswered: boolean;
  /** Of a clock that was set only a look at it before that can tell. */
  readonly databaseClock: DatabaseClockWatch;
}

/** One moment by both clocks, in milliseconds. */
interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}
