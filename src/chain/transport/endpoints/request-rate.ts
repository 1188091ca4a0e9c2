import { RefusalNoise, mostNoise } from './refusal-noise.js';

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
const steps = { far: 1 / 5, near: 1 / 100, beyond: 1 / 4 };
/** How far ahead of an even pace a call may be, in milliseconds. */
const aheadMs = 150;
const windowMs = 1_000;
/** The shortest time over which a rate is told, in milliseconds. */
const burstMs = 200;
/** What is left with each window of the most that was answered in one. */
const fading = 0.9;
/** Whoever refused everything for so long, in milliseconds, refused it for something else than its number. */
const blockMs = 2_000;
/** Tries that follow each other sooner are one series, in milliseconds. */
const longestSeries = 30_000;

/** What a refusal means: nothing, as far as is known; fewer calls a second; or fewer at a time, too. */
export type Refusal = 'chance' | 'limit' | 'storm';

/**
 * How many calls a second an endpoint takes: as many as there are until it refuses some, then fewer at once, and more bit
 * by bit (additive increase, multiplicative decrease; Chiu and Jain, 1989). Where fewer are refused just as often, the
 * rate is not what they are refused for, and it is as it was before. Times are those of one monotonic clock, in
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
  readonly #noise = new RefusalNoise();
  /** The rate before it was lowered to see whether that helps. */
  #before = 0;
  #triedAt = Number.NEGATIVE_INFINITY;
  readonly #forgiven: () => void;
  /** True where the rate was lowered before enough had been answered to tell one. */
  #isGuess = false;
  /** Since when nothing but refusals has come; infinite where that is not so. */
  #blockedSince = Number.POSITIVE_INFINITY;
  /** How many calls were answered in the window that began then, the most in those before, and how many had left. */
  #windowAt = Number.NEGATIVE_INFINITY;
  #answered = 0;
  #most = 0;
  #sent = 0;

  /** `forgiven` hears when calls turn out to have been refused for something else than their number. */
  constructor(forgiven: () => void = () => undefined) {
    this.#forgiven = forgiven;
  }

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
    this.#turnWindow(now);
    this.#sent += calls;
    if (this.#perSecond === Number.POSITIVE_INFINITY) return;
    this.#dueAt = Math.max(this.#dueAt, now) + (calls * 1_000) / this.#perSecond;
  }

  /** So many calls were answered. */
  answered(calls: number, now: number): void {
    this.#turnWindow(now);
    this.#answered += calls;
    this.#hasAnswered = true;
    if (this.#isGuess && now - this.#blockedSince >= blockMs) this.#forget();
    this.#blockedSince = Number.POSITIVE_INFINITY;
    this.#count(calls, 0, now);
    // A rate that is not reached was not put to the test.
    if (this.#perSecond === Number.POSITIVE_INFINITY || this.#dueAt < now || this.#noise.isTrying) return;
    this.#perSecond += (this.#growth() * calls) / this.#perSecond;
    if (this.#perSecond >= unlimited) this.#forget();
  }

  /**
   * A call was refused as one of too many; some endpoints state how many they take a second. Returns what it means: a
   * refusal among answers need not have to do with their number.
   */
  refused(now: number, perSecond?: number): Refusal {
    const isNoise = this.#noise.isExpected;
    this.#blockedSince = Math.min(this.#blockedSince, now);
    this.#count(0, 1, now);
    if (perSecond === undefined && isNoise) return 'chance';
    // What was refused has not used anything up.
    this.#dueAt = Math.min(this.#dueAt, now);
    // While it is watched what a lower rate brings, only a storm of refusals lowers it further.
    if (perSecond === undefined && this.#noise.isTrying && !this.#noise.isStorm) return 'chance';
    // Whoever counts by the second refuses until that is over; whoever answers nothing at all, whatever the rate is.
    if (now - this.#reducedAt < windowMs || !this.#hasAnswered) return 'storm';
    this.#hasAnswered = false;
    this.#turnWindow(now);
    const isFirst = this.#perSecond === Number.POSITIVE_INFINITY;
    if (perSecond === undefined && !this.#noise.isTrying) this.#try(isFirst ? now + windowMs : now, now);
    this.#lower(now, perSecond);
    const isNews = isFirst && this.#noise.share === 0;
    this.#dueAt = isNews ? now + windowMs : now;
    return isNews || this.#noise.isStorm ? 'storm' : 'limit';
  }

  /** A call that had left at `since` was refused together with others: it tells only how many are. */
  refusedWith(since: number, now: number): void {
    if (since > this.#reducedAt) this.#count(0, 1, now);
  }

  /** No call may leave for some time, in milliseconds. */
  pause(ms: number, now: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
  }

  /** Sees whether a lower rate helps; the rate of before is that of the first of several tries. */
  #try(from: number, now: number): void {
    if (this.#perSecond > this.#before || now - this.#triedAt > longestSeries) this.#before = this.#perSecond;
    this.#triedAt = now;
    this.#noise.begin(from);
  }

  #lower(now: number, perSecond: number | undefined): void {
    const isFirst = this.#perSecond === Number.POSITIVE_INFINITY;
    const answered = Math.max(this.#answered, this.#most);
    this.#isGuess = isFirst && answered < leastSupposed;
    // Nothing but a limit leaves fewer of them unanswered than chance may.
    const plausible = Math.max(leastSupposed, answered / (1 - mostNoise));
    const begun = this.#isGuess ? this.#left(now) : answered;
    const tried = isFirst ? begun : Math.min(this.#perSecond, this.#noise.isStorm ? plausible : Infinity);
    const isNews = perSecond !== undefined && perSecond * stated < this.#perSecond;
    this.#refused = isNews ? perSecond : tried;
    this.#perSecond = Math.max(lowest, isNews ? perSecond * stated : tried * decrease);
    this.#reduced = this.#perSecond;
    this.#reducedAt = now;
  }

  #count(answered: number, refused: number, now: number): void {
    const verdict = this.#noise.count(answered, refused, now);
    if (verdict === 'asks for less') this.#lower(now, undefined);
    if (verdict !== 'noise') return;
    this.#perSecond = this.#before;
    if (this.#before === Number.POSITIVE_INFINITY) this.#forget();
    this.#forgiven();
  }

  /** How much may be added within a second. */
  #growth(): number {
    if (this.#perSecond < this.#refused * 0.9) return this.#reduced * steps.far;
    return this.#perSecond < this.#refused * 1.2 ? this.#reduced * steps.near : this.#perSecond * steps.beyond;
  }

  /** How many calls a second have left, where too few were answered to tell more. */
  #left(now: number): number {
    return Math.max(leastSupposed, (this.#sent * windowMs) / Math.max(burstMs, now - this.#windowAt));
  }

  #turnWindow(now: number): void {
    const age = now - this.#windowAt;
    if (age < windowMs) return;
    this.#most = Math.max(this.#answered, this.#most * fading);
    this.#answered = 0;
    this.#sent = 0;
    this.#windowAt = now;
  }

  #forget(): void {
    this.#perSecond = Number.POSITIVE_INFINITY;
    this.#refused = Number.POSITIVE_INFINITY;
    this.#dueAt = Number.NEGATIVE_INFINITY;
    this.#isGuess = false;
  }
}
