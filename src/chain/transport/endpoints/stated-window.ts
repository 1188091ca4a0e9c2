import type { RateStatement } from '../rpc/rate-headers.js';
import { OwnRequests } from './own-requests.js';

/** The longest window whose requests leave at an even pace, in milliseconds: a longer one is a plan, which may be used up. */
const longestPacedMs = 60_000;
/** The longest that nothing leaves because nothing is left, in milliseconds; then one request looks whether that is over. */
const longestRestMs = 60_000;
/** How long a window lasts at least that is said to be over and used up, in milliseconds: most servers tell whole seconds. */
const leastRestMs = 1_000;
/** Over how long, in milliseconds, and by how many answers it is found out what a request takes off. */
const costMs = 1_000;
const answersForCost = 4;
/** Whoever answers so many requests in a row with nothing left does not mean it. */
const unbelievable = 3;
/** How much more than what left here may be taken off before others are thought to ask, too: no more than the pace leaves over. */
const unexplained = { requests: 1, share: 0.02 };
/** By how much the quickest answer is taken to be slower with each other one: lines become longer, too. */
const slower = 1.05;
/** The most requests of a window that are counted one by one. */
const mostCounted = 10_000;

/** An answer: when its request left, and whether that was not refused. */
export interface Heard {
  readonly since: number;
  readonly isTaken: boolean;
}

/**
 * A window in which a server counts requests, as the headers of its answers tell. They tell it late, and of how it was when the
 * request came: what is on its way is yet to be taken off. Times are those of one monotonic clock, in milliseconds.
 */
export class StatedWindow {
  readonly #limit: number;
  #windowMs = 0;
  /** What was left at `#toldAt`; requests that left before `#begins` tell nothing of it; when an answer would tell of its end. */
  #left = Number.POSITIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  #begins = Number.NEGATIVE_INFINITY;
  #endIsHeard = Number.NEGATIVE_INFINITY;
  /** True where it should have begun, and no answer has told of it yet. */
  #isSupposed = false;
  /** True where it ends later than that. */
  #isCutShort = false;
  /** How many requests in a row were answered though nothing was left. */
  #inVain = 0;
  /** What a request takes off: more than one where others ask, too, or requests are not what is counted. */
  #cost = 1;
  #counted = { since: 0, left: 0, answers: 0 };
  readonly #ours: OwnRequests;
  /** True where no more is taken off than what has left here: then that is known sooner, and better, from here. */
  #isOurs = false;
  #heardAt = Number.NEGATIVE_INFINITY;
  /** How long a request and its answer take at least. */
  #quickest = 0;

  /** `limit`: how many requests it holds; infinite where that is not told. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#ours = new OwnRequests(limit);
  }

  /** When it was told of last. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** How many requests a second it makes; infinite where it makes no pace. */
  get perSecond(): number {
    return this.#isPaced ? (this.#limit * 1_000) / this.#windowMs : Number.POSITIVE_INFINITY;
  }

  /** When to leave to come there when it is over, even as quick as the quickest. */
  get #ends(): number {
    return this.#endIsHeard - this.#quickest;
  }

  get #isPaced(): boolean {
    return this.#windowMs > 0 && this.#windowMs <= longestPacedMs;
  }

  get #isCounted(): boolean {
    return this.#isPaced && this.#limit <= mostCounted;
  }

  /** When the next request may leave while so many are on their way. */
  freeAt(inFlight: number): number {
    const ours = this.#isCounted ? this.#ours.freeAt(this.#windowMs) : Number.NEGATIVE_INFINITY;
    const isSpent = !this.#isOurs && this.#left - inFlight * this.#cost < 1;
    return isSpent && this.#inVain < unbelievable ? Math.max(ours, this.#ends) : ours;
  }

  /** Requests leave: after its end those of the next window. */
  sent(requests: number, now: number): void {
    if (this.#isCounted) this.#ours.sent(requests, now);
    if (now < this.#ends || this.#endIsHeard === Number.NEGATIVE_INFINITY) return;
    this.#begin(now, this.#isCutShort ? 1 : this.#limit, now);
    this.#endAfter(this.#windowMs, now + this.#quickest);
    this.#isSupposed = true;
  }

  /** An answer tells of it. */
  hear({ windowMs, left, resetMs }: RateStatement, { since, isTaken }: Heard, now: number): void {
    this.#heardAt = now;
    this.#windowMs = windowMs ?? Math.max(this.#windowMs, resetMs ?? 0);
    // What has left before may tell of the window before.
    if (left === undefined || since < this.#begins) return;
    const knownMs = this.#endIsHeard === Number.NEGATIVE_INFINITY ? now - since : this.#quickest * slower + 1;
    this.#quickest = Math.min(now - since, knownMs);
    const lasts = resetMs ?? this.#windowMs;
    const isNewer = since >= this.#toldAt;
    this.#place(left, lasts > 0 || left >= 1 ? lasts : leastRestMs, isNewer, { since, now });
    this.#count(left, now);
    const isOurs = this.#isExplained(left, since);
    if (left >= 1 || isOurs) this.#inVain = 0;
    else if (isTaken) this.#inVain++;
    // Answers may come in another order than their requests.
    if (!isNewer && left >= this.#left) return;
    this.#left = left;
    this.#toldAt = now;
    this.#isOurs = isOurs;
  }

  /** The server has refused a request for the number of requests: it means what it states. */
  refused(): void {
    this.#inVain = 0;
  }

  /** Says when the window that is told of begins and ends. */
  #place(left: number, restMs: number, isNewer: boolean, { since, now }: { since: number; now: number }): void {
    const isNext = since >= this.#ends || (isNewer && left > this.#left);
    if (isNext && !this.#isSupposed) this.#begin(since, left, now);
    // Seconds are rounded up: of one window the earliest end is the right one.
    if (isNext || this.#isSupposed || now + restMs < this.#endIsHeard) this.#endAfter(restMs, now);
    this.#isSupposed = false;
  }

  #begin(since: number, left: number, now: number): void {
    this.#begins = since;
    this.#left = left;
    this.#toldAt = now;
    this.#counted = { since: now, left, answers: 0 };
  }

  #endAfter(ms: number, heardAt: number): void {
    this.#isCutShort = ms > longestRestMs;
    this.#endIsHeard = heardAt + Math.min(ms, longestRestMs);
  }

  #count(left: number, now: number): void {
    if (now - this.#counted.since > costMs) {
      this.#counted = { since: now, left, answers: 0 };
      return;
    }
    // What is refused, or answered though nothing is left, takes nothing off.
    if (left < 1) return;
    const answers = ++this.#counted.answers;
    if (answers >= answersForCost) this.#cost = Math.max(1, (this.#counted.left - left) / answers);
  }

  /** Says whether what has left here, up to then, is all that was taken off. */
  #isExplained(left: number, since: number): boolean {
    const borne = Math.max(unexplained.requests, this.#limit * unexplained.share);
    const ours = this.#ours.count(since - this.#windowMs, since);
    return this.#isCounted && this.#limit - left <= ours + borne;
  }
}
