/** After so many answers, a number of requests in flight that was refused is tried again; doubled at each refusal. */
const answersUntilRetried = 50;
const longestUntilRetried = 1_600;
/** Nobody asks for more at a time: such a limit is none. */
const unlimited = 32;

/**
 * How many requests an endpoint takes at a time: as many as there are until it refuses some, then fewer at once, and more
 * one by one (additive increase, multiplicative decrease; Chiu and Jain, 1989).
 */
export class InFlightLimit {
  #inFlight = 0;
  #most = Number.POSITIVE_INFINITY;
  /** The number that was refused, how many answers came since, and after how many it is tried again. */
  #refused = Number.POSITIVE_INFINITY;
  #answers = 0;
  #untilRetried = answersUntilRetried;
  /** How many answers came while so many were in flight: some of them are answered in any case. */
  #answersBeyond = 0;
  /** True from a new beginning to the first refusal: each answer lets one more in. */
  #isStarting = false;

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The most requests at a time; infinite where no limit is known. */
  get most(): number {
    return Math.floor(this.#most);
  }

  get hasRoom(): boolean {
    return this.#inFlight < this.most;
  }

  /** Says whether it has refused a number of requests, and has not taken more since. */
  get isKnown(): boolean {
    return this.#refused < Number.POSITIVE_INFINITY;
  }

  begin(): void {
    this.#inFlight++;
  }

  end(): void {
    this.#inFlight--;
  }

  /** A request in flight was answered. */
  answered(): void {
    if (this.#most === Number.POSITIVE_INFINITY) return;
    this.#answers++;
    if (this.#inFlight >= this.#refused && ++this.#answersBeyond > 2 * this.#refused) this.#forgetRefusal();
    // A limit that is not reached was not put to the test.
    if (this.#inFlight < this.most) return;
    const ceiling = this.#answers >= this.#untilRetried ? unlimited : this.#refused - 1;
    const grown = this.#most + (this.#isStarting ? 1 : 1 / this.#most);
    if (ceiling > this.#most) this.#most = Math.min(grown, ceiling);
    if (this.#most >= unlimited) this.#most = Number.POSITIVE_INFINITY;
  }

  /** A request in flight was refused, as one of too many. */
  refused(): void {
    // One alone was not one of too many.
    if (this.#inFlight < 2) return;
    const refused = this.#inFlight;
    if (refused >= this.#refused) this.#untilRetried = Math.min(longestUntilRetried, this.#untilRetried * 2);
    this.#refused = Math.min(refused, this.#refused);
    this.#answers = 0;
    this.#answersBeyond = 0;
    this.#isStarting = false;
    this.#most = Math.max(1, Math.min(this.#most, this.#inFlight) * 0.7);
  }

  /** What was refused was not refused for its number. */
  pardon(): void {
    this.#forgetRefusal();
    this.#most = Number.POSITIVE_INFINITY;
  }

  /** Begins with one request: whoever comes back from an outage is not run over. */
  restart(): void {
    this.#most = 1;
    this.#isStarting = true;
  }

  #forgetRefusal(): void {
    this.#refused = Number.POSITIVE_INFINITY;
    this.#untilRetried = answersUntilRetried;
  }
}
