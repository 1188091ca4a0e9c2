import { createTask, validateDetailed } from 'node-cron';
import type { CronFieldError, ParsedFields, ScheduledTask } from 'node-cron';
import { WallClock } from './wall-clock.js';

const secondMs = 1_000;
const dayMs = 24 * 3_600 * secondMs;

/** The same weekday falls on the 29th of February once in 28 years. */
const longestWaitDays = 28 * 366;

/** How far back the newest time is looked for, step by step: of times that lie close few are gone through. */
const reachesMs = [60 * secondMs, 3_600 * secondMs, dayMs, 32 * dayMs, longestWaitDays * dayMs];

/** How the fields are called that node-cron names otherwise. */
const fieldNames: Readonly<Record<string, string>> = { dayOfMonth: 'day of the month', dayOfWeek: 'weekday' };

/** Says what is wrong with a cron expression; null where nothing is. */
export function cronProblem(expression: string): string | null {
  // node-cron would write out every number of such a range, and end the process.
  const long = /\d{3,}/.exec(expression)?.[0];
  if (long !== undefined) return `no field of a cron expression goes to ${long}`;
  const [error] = validateDetailed(expression).errors;
  if (error !== undefined) return fieldProblem(error);
  return new CronSchedule(expression, 'UTC').next(0) === null ? 'never comes' : null;
}

function fieldProblem({ field, value, message }: CronFieldError): string {
  const fields = 'a cron expression has five fields, minute, hour, day of the month, month and weekday';
  if (field === 'expression') return `${fields} (${message})`;
  return `the ${fieldNames[field] ?? field} can't be ${value ?? 'left out'}`;
}

/**
 * The times at which something is to happen: a cron expression, as node-cron reads it, and the zone whose clocks show them.
 * node-cron itself can tell the next time from this computer's clock alone, and passes over what the clocks pass over.
 *
 * A time that clocks show twice counts once, and one that they pass over counts as the moment at which they do. What is
 * due in every hour follows the time that passes instead: an hour that is shown twice is two hours.
 */
export class CronSchedule {
  readonly #days: Pick<ScheduledTask, 'match'>;
  /** Wall times within a day, ascending. */
  readonly #times: readonly number[];
  readonly #isHourly: boolean;
  readonly #clock: WallClock;

  /** Takes an expression without a problem; `timeZone` undefined: that of this process. Throws RangeError for one that is none. */
  constructor(expression: string, timeZone: string | undefined) {
    const { fields } = validateDetailed(expression);
    if (fields === undefined) throw new RangeError(`'${expression}' is no cron expression`);
    const days = createTask(expression, () => undefined, { timezone: 'UTC' });
    // It is asked, and never started: node-cron shall forget it.
    void days.destroy();
    this.#days = days;
    this.#times = timesOf(fields);
    this.#isHourly = new Set(fields.hour).size === 24;
    this.#clock = new WallClock(timeZone);
  }

  /** Returns the first time after an instant, both in milliseconds since 1970; null where none comes. */
  next(after: number): number | null {
    const from = Math.floor(after / secondMs) * secondMs;
    return this.#isHourly ? this.#nextToPass(from) : this.#nextOnTheClock(from);
  }

  /** Returns the newest time behind an instant that has come by another; null where none has. */
  latest(after: number, by: number): number | null {
    for (const reach of reachesMs) {
      const from = Math.max(after, by - reach);
      let newest = this.next(from);
      if (newest === null || newest > by) {
        if (from === after) return null;
        continue;
      }
      for (let next = this.next(newest); next !== null && next <= by; next = this.next(next)) newest = next;
      return newest;
    }
    return null;
  }

  #nextOnTheClock(after: number): number | null {
    for (let wall = this.#nextWall(this.#clock.at(after)); wall !== null; wall = this.#nextWall(wall)) {
      const instant = this.#clock.first(wall);
      if (instant > after) return instant;
    }
    return null;
  }

  #nextToPass(after: number): number | null {
    const shown = this.#clock.at(after);
    const wall = this.#nextWall(shown);
    if (wall === null) return null;
    const instant = after + wall - shown;
    if (this.#clock.at(instant) === wall) return instant;
    const change = this.#clock.change(after, instant);
    return this.#days.match(new Date(this.#clock.at(change))) ? change : this.#nextToPass(change);
  }

  /** The first wall time after another. */
  #nextWall(after: number): number | null {
    const today = Math.floor(after / dayMs) * dayMs;
    for (let day = today; day < today + longestWaitDays * dayMs; day += dayMs) {
      const time = this.#times.find((each) => day + each > after);
      if (time !== undefined && this.#days.match(new Date(day + time))) return day + time;
    }
    return null;
  }
}

function timesOf({ hour, minute, second }: ParsedFields): readonly number[] {
  const times = hour.flatMap((h) => minute.flatMap((m) => second.map((s) => ((h * 60 + m) * 60 + s) * secondMs)));
  return times.toSorted((a, b) => a - b);
}
