import type { CronSchedule } from '../../model/cron-schedule.js';
import type { Clock } from '../../runtime/clock.js';

/** When a monitor checks. */
export interface CheckTimes {
  /** Milliseconds until the next check; 0 where it is due. */
  untilNextMs(): number;
  /** Tells that the check that was due is made; it began at `startedAt` by the monotonic clock. */
  checked(startedAt: number): void;
}

/** Checks at once, and then at every interval, from start to start: what a check takes must not delay the report of a task. */
export class CheckInterval implements CheckTimes {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #dueAt: number;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#dueAt = clock.monotonic();
  }

  untilNextMs(): number {
    return Math.max(0, this.#dueAt - this.#clock.monotonic());
  }

  checked(startedAt: number): void {
    this.#dueAt = startedAt + this.#intervalMs;
  }
}

/** Checks at the times of a schedule, by the wall clock; once for all that it leapt over. */
export class CheckSchedule implements CheckTimes {
  readonly #clock: Clock;
  readonly #schedule: CronSchedule;
  #dueAt: number;

  constructor(clock: Clock, schedule: CronSchedule) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#dueAt = this.#next();
  }

  untilNextMs(): number {
    const untilMs = this.#dueAt - this.#clock.now();
    if (untilMs <= 0) return 0;
    // Set back, the clock comes to times before the one that was waited for.
    this.#dueAt = this.#next();
    return this.#dueAt - this.#clock.now();
  }

  checked(): void {
    this.#dueAt = this.#next();
  }

  #next(): number {
    return this.#schedule.next(this.#clock.now()) ?? Infinity;
  }
}
