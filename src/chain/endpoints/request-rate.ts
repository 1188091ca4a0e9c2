/** What is left of a rate that was refused, and of one that the endpoint states. */
const decrease = 0.7;
const stated = 0.95;
/** What an endpoint is supposed to take, calls a second, if it was asked too little to tell. */
const leastSupposed = 10;
/** The lowest rate, in calls a second. */
const lowest = 0.2;
/** A rate that is this high is none. */
const unlimited = 2_000;
/** What is added each second, far from what was refused and near it, as a share of the rate that followed; beyond it, of the rate. */
const steps = { far: 1 / 15, near: 1 / 100, beyond: 1 / 4 };
/** How far ahead of an even pace a call may be, in milliseconds. */
const aheadMs = 150;
const windowMs = 1_000;

/**
 * How many calls a second an endpoint takes: as many as there are until it refuses some, then fewer at once, and more bit
 * by bit (additive increase, multiplicative decrease; Chiu and Jain, 1989). Times are those of one monotonic clock, in
 * milliseconds.
 */
export class RequestRate {
  #perSecond = Number.POSITIVE_INFINITY;
  /** When the next call is due at an even pace, and until when there may be none at all. */
  #dueAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** The rate that was refused, the one that followed, and when. */
  #refused = Number.POSITIVE_INFINITY;
  #reduced = 0;
  #reducedAt = Number.NEGATIVE_INFINITY;
  #hasAnswered = false;
  /** How many calls were answered in the window that began then, and in the one before. */
  #windowAt = Number.NEGATIVE_INFINITY;
  #answered = 0;
  #answeredBefore = 0;

  /** Calls a second; infinite where no limit is known. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** When the next call may leave. */
  get freeAt(): number {
    return Math.max(this.#pausedUntil, this.#dueAt - aheadMs);
  }

  /** So many calls leave together. */
  sent(calls: number, now: number): void {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return;
    this.#dueAt = Math.max(this.#dueAt, now) + (calls * 1_000) / this.#perSecond;
  }

  /** So many calls were answered. */
  answered(calls: number, now: number): void {
    this.#turnWindow(now);
    this.#answered += calls;
    this.#hasAnswered = true;
    // A rate that is not reached was not put to the test.
    if (this.#perSecond === Number.POSITIVE_INFINITY || this.#dueAt < now) return;
    this.#perSecond += (this.#growth() * calls) / this.#perSecond;
    if (this.#perSecond >= unlimited) this.#forget();
  }

  /** Calls were refused as too many; some endpoints state how many they take a second. */
  refused(now: number, perSecond?: number): void {
    // What was refused has not used anything up.
    this.#dueAt = Math.min(this.#dueAt, now);
    // Whoever counts by the second refuses until that is over; whoever answers nothing at all, whatever the rate is.
    if (now - this.#reducedAt < windowMs || !this.#hasAnswered) return;
    this.#hasAnswered = false;
    this.#turnWindow(now);
    const isFirst = this.#perSecond === Number.POSITIVE_INFINITY;
    const tried = isFirst ? this.#lately() : this.#perSecond;
    const isNews = perSecond !== undefined && perSecond * stated < this.#perSecond;
    this.#refused = isNews ? perSecond : tried;
    this.#perSecond = Math.max(lowest, isNews ? perSecond * stated : tried * decrease);
    this.#reduced = this.#perSecond;
    this.#reducedAt = now;
    this.#dueAt = isFirst ? now + windowMs : now;
  }

  /** No call may leave for some time, in milliseconds. */
  pause(ms: number, now: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
  }

  /** How much may be added within a second. */
  #growth(): number {
    if (this.#perSecond < this.#refused * 0.9) return this.#reduced * steps.far;
    return this.#perSecond < this.#refused * 1.2 ? this.#reduced * steps.near : this.#perSecond * steps.beyond;
  }

  /** How many calls were answered within a second, as far as is known. */
  #lately(): number {
    return Math.max(leastSupposed, this.#answered, this.#answeredBefore);
  }

  #turnWindow(now: number): void {
    const age = now - this.#windowAt;
    if (age < windowMs) return;
    this.#answeredBefore = age < 2 * windowMs ? this.#answered : 0;
    this.#answered = 0;
    this.#windowAt = now;
  }

  #forget(): void {
    this.#perSecond = Number.POSITIVE_INFINITY;
    this.#refused = Number.POSITIVE_INFINITY;
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }
}
