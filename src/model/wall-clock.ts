const secondMs = 1_000;
const dayMs = 24 * 3_600 * secondMs;

/** Says whether a text is the IANA name of a time zone. */
export function isTimeZone(text: string): boolean {
  // Newer versions of Node take offsets, too, which older ones do not.
  if (!/^[a-z]/i.test(text)) return false;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: text }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}

/**
 * What the clocks of a time zone show. What they show is given in milliseconds, as if the zone were UTC: a wall time. Both
 * are whole seconds.
 */
export class WallClock {
  readonly #format: Intl.DateTimeFormat;

  /** Takes a name of IANA; undefined: the zone of this process. Throws RangeError where there is no such zone. */
  constructor(timeZone: string | undefined) {
    const number = 'numeric';
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
      ...{ year: number, month: number, day: number, hour: number, minute: number, second: number },
    });
  }

  /** Returns the wall time at an instant. */
  at(instant: number): number {
    const parts = this.#format.formatToParts(instant).map(({ type, value }) => [type, Number(value)] as const);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = Object.fromEntries(parts);
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  /** Returns the first instant at which a wall time is shown; where it is passed over, the one at which it is. */
  first(wall: number): number {
    const before = this.#offset(wall - dayMs);
    const after = this.#offset(wall + dayMs);
    const shown = [wall - before, wall - after].filter((instant) => this.at(instant) === wall);
    if (shown.length > 0) return Math.min(...shown);
    return this.change(wall - Math.max(before, after), wall - Math.min(before, after));
  }

  /** Returns the instant at which clocks are set forward or back, between two instants with different offsets. */
  change(from: number, to: number): number {
    const offset = this.#offset(from);
    let [earlier, later] = [from, to];
    while (later - earlier > secondMs) {
      const middle = earlier + Math.floor((later - earlier) / 2 / secondMs) * secondMs;
      if (this.#offset(middle) === offset) earlier = middle;
      else later = middle;
    }
    return later;
  }

  #offset(instant: number): number {
    return this.at(instant) - instant;
  }
}
