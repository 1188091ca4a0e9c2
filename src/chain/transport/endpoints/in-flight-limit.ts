/** How many requests an endpoint is asked at a time before it has told anything, and the share that each answer adds. */
const atFirst = 8;
const growth = 1 / 4;
/** After so many answers, a number of requests in flight that was refused is tried again; doubled at each refusal. */
const answersUntilRetried = 100;
const longestUntilRetried = 3_200;
/** What is left of a number that was refused. */
const decrease = 0.7;
/** Of so many of the latest requests, or as many as there may be at a time, such a share must be refused to be no chance. */
const latest = 24;
const chance = 0.06;

/**
 * How many requests an endpoint takes at a time: a quarter more with each round of answers until it refuses some, then
 * fewer at once, and more one by one (additive increase, multiplicative decrease; Chiu and Jain, 1989).
 */
export class InFlightLimit {
  readonly #ceiling: number;
  #inFlight = 0;
  #most: number;
  /** The number that was refused, how many answers came since, and after how many it is tried again. */
  #refused = Number.POSITIVE_INFINITY;
  #answers = 0;
  #untilRetried = answersUntilRetried;
  /** How many answers came while so many were in flight: some of them are answered in any case. */
  #answersBeyond = 0;
  /** How many requests are to be answered yet that were in flight when there were as many as may be. */
  #answersOfFull = 0;
  /** Which of the latest requests were refused. */
  #latest: boolean[] = [];
  /** True from the end of an outage to the first refusal: each answer lets one more in. */
  #isRestarting = false;

  /** `ceiling`: as many as it may be asked at a time. */
  constructor(ceiling = Number.POSITIVE_INFINITY) {
    this.#ceiling = ceiling;
    this.#most = Math.min(atFirst, ceiling);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The most requests at a time by now. */
  get most(): number {
    return Math.floor(this.#most);
  }

  /** The most requests that the endpoint takes at a time; infinite where it has not told by a refusal. */
  get known(): number {
    return this.isKnown || this.#isRestarting ? this.most : Number.POSITIVE_INFINITY;
  }

  get hasRoom(): boolean {
    return this.#inFlight < this.most;
  }

  /** Says whether it has refused a number of requests, and has not taken more since. */
  get isKnown(): boolean {
    return this.#refused < Number.POSITIVE_INFINITY;
  }

  begin(): void {
    // Answers come together where whoever reads them is busy: what was full when they were asked for counts.
    if (++this.#inFlight >= this.most) this.#answersOfFull = this.#inFlight;
  }

  end(): void {
    this.#inFlight--;
  }

  /** A request in flight was answered. */
  answered(): void {
    this.#remember(false);
    this.#answers++;
    if (this.#inFlight >= this.#refused && ++this.#answersBeyond > 2 * this.#refused) this.#forgetRefusal();
    // A limit that is not reached was not put to the test.
    if (this.#answersOfFull <= 0) return;
    this.#answersOfFull--;
    const isFree = this.#answers >= this.#untilRetried || !this.isKnown;
    const most = Math.min(this.#ceiling, isFree ? Number.POSITIVE_INFINITY : this.#refused - 1);
    if (this.#most < most) this.#most = Math.min(this.#most + this.#step(), most);
    if (this.#most >= atFirst) this.#isRestarting = false;
  }

  /**
   * A request in flight was refused, for one reason or another: where more were than the share `noise` that is refused at any
   * rate, it was one of too many.
   */
  mayBeRefused(noise: number): void {
    // What was refused before needs no second proof.
    if (this.#inFlight >= this.#refused) {
      this.refused();
      return;
    }
    const wasFull = this.#answersOfFull > 0;
    this.#remember(true);
    const { length } = this.#latest.filter(Boolean);
    if (wasFull && length > 1 && length > Math.max(latest, this.#most) * (chance + 2 * noise)) this.refused();
  }

  /** A request in flight was refused, as one of too many. */
  refused(): void {
    this.#latest = [];
    // One alone was not one of too many.
    if (this.#inFlight < 2) return;
    const refused = this.#inFlight;
    if (refused >= this.#refused) this.#untilRetried = Math.min(longestUntilRetried, this.#untilRetried * 2);
    this.#refused = Math.min(refused, this.#refused);
    this.#answers = 0;
    this.#answersBeyond = 0;
    this.#answersOfFull = 0;
    this.#isRestarting = false;
    this.#most = Math.max(1, Math.min(this.#most, this.#inFlight) * decrease);
  }

  /** What was refused was not refused for its number. */
  pardon(): void {
    this.#forgetRefusal();
    this.#latest = [];
    this.#most = Math.max(this.#most, Math.min(atFirst, this.#ceiling));
  }

  /** Begins with one request: whoever comes back from an outage is not run over. */
  restart(): void {
    this.#most = 1;
    this.#isRestarting = true;
  }

  #remember(isRefused: boolean): void {
    this.#latest.push(isRefused);
    if (this.#latest.length > Math.max(latest, this.#most)) this.#latest.shift();
  }

  #step(): number {
    if (this.#isRestarting) return 1;
    return this.isKnown ? 1 / this.#most : growth;
  }

  #forgetRefusal(): void {
    this.#refused = Number.POSITIVE_INFINITY;
    this.#untilRetried = answersUntilRetried;
  }
}
