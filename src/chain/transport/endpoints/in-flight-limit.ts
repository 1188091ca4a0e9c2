import { RefusedCrowd } from './refused-crowd.js';
import type { Departure } from './refused-crowd.js';

/** How many requests an endpoint is asked at a time before it has told anything. */
const atFirst = 8;
/** What share of those that have gone well are scouts: few at first, for most limits are low; in four rounds there are 64. */
const firstScouts = 1 / 2;
const laterScouts = 1;
/** What has surely gone well of a number that was refused where all before it was answered. */
const hadGoneWell = 0.8;
/** So many scouts in a row must come back before a number that was refused is tried again. */
const scoutsNeeded = 3;
/**
 * After so many rounds a number of requests in flight that was refused is tried again, where it may have been chance and where
 * not; doubled whenever it is refused again.
 */
const roundsUntilRetried = { chance: 4, sure: 100, most: 3_200 };
/** What is left of a number that was refused though it had gone well. */
const decrease = 0.7;
/** Of so many of the latest requests, or as many as there may be at a time, such a share must be refused to be no chance. */
const latest = 24;
const chance = 0.06;
/** In so many rounds without a refusal a number has gone well. */
const roundsOfProof = 2;
/** So many cuts in a row of which none was followed by that were made for refusals that have another reason. */
const cutsBorne = 3;

/**
 * How many requests an endpoint takes at a time. Scouts find out: a few requests more than usual, which are not followed by
 * others before they are answered; each that is lets one more be in flight: half as many again after the first round, twice as
 * many after each of the next. Once some are refused it stays at that, and the next number is tried ever more seldom. Where more
 * is refused of what had gone well there are fewer at once, and more one by one (additive increase, multiplicative decrease; Chiu
 * and Jain, 1989).
 */
export class InFlightLimit {
  readonly #ceiling: number;
  #inFlight = 0;
  #sent = 0;
  #most: number;
  /** The number that has gone well, and how many of more were answered since one was refused, by their numbers. */
  #good = 0;
  #answersAt: number[] = [];
  /** The number that was refused, how many answers came since, and after how many rounds it is tried again. */
  #refused = Number.POSITIVE_INFINITY;
  #answers = 0;
  #untilRetried = 0;
  #crowd: RefusedCrowd | null = null;
  #inARow = 0;
  /** How many scouts are in flight, and how many came back in a row since a number was to be tried again. */
  #scouts = 0;
  #returned = 0;
  /** The most that were in flight with a scout that came back, since one was refused. */
  #scouted = 0;
  /** How often it was cut in a row without going well afterwards, and what it was before. */
  #cuts = 0;
  #beforeCuts = 0;
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

  /** The most that may be in flight at this moment, with scouts. */
  get reach(): number {
    return this.most + this.#scoutsWanted();
  }

  get hasRoom(): boolean {
    if (this.#inFlight < this.most) return true;
    // Each goes beyond the others: what is tried already needs no second scout.
    return this.#scouts < this.#scoutsWanted() && this.#inFlight >= this.most + this.#scouts;
  }

  /** Says whether it has refused a number of requests, and has not taken more since. */
  get isKnown(): boolean {
    return this.#refused < Number.POSITIVE_INFINITY;
  }

  begin(): Departure {
    // Answers come together where whoever reads them is busy: what was full when they were asked for counts.
    if (++this.#inFlight >= this.most) this.#answersOfFull = this.#inFlight;
    const isScout = this.#inFlight > this.most;
    if (isScout) this.#scouts++;
    return { order: ++this.#sent, together: this.#inFlight, isScout };
  }

  end({ isScout }: Departure): void {
    this.#inFlight--;
    if (isScout) this.#scouts--;
  }

  /** A request in flight was answered. */
  answered(departure: Departure): void {
    const { together, isScout } = departure;
    this.#remember(false);
    this.#answers++;
    this.#inARow++;
    if (this.#crowd?.isContradicted(departure) === true) {
      this.#crowd = null;
      this.#restore();
    }
    this.#prove(together);
    if (isScout && this.#scoutsWanted() > 0) this.#scoutReturned(together);
    // A limit that is not reached was not put to the test.
    if (this.#answersOfFull <= 0) return;
    this.#answersOfFull--;
    const most = Math.min(this.#ceiling, this.#isRestarting ? atFirst : this.#refused - 1);
    const mayGrow = this.#isRestarting || this.isKnown;
    if (mayGrow && this.#most < most) this.#most = Math.min(this.#most + this.#step(), most);
    if (this.#most >= atFirst) this.#isRestarting = false;
  }

  /**
   * Says whether a request that was refused for one reason or another may have been one of too many at a time: more were in flight
   * than had ever gone well, and there is no share `noise` that is refused at any rate.
   */
  mayBeTooMany({ together }: Departure, noise: number): boolean {
    return noise === 0 && together > Math.max(1, this.#good) && this.#cuts < cutsBorne;
  }

  /** A request was refused as one of too many at a time; `isSure`: the endpoint says so. */
  refused(departure: Departure, isSure: boolean): void {
    const { order, together } = departure;
    // One alone was not one of too many.
    if (together < 2) return;
    this.#answersAt = [];
    this.#returned = 0;
    this.#scouted = 0;
    const crowd = this.#crowd?.takesIn(order) === true ? this.#crowd : new RefusedCrowd(this.#inARow);
    crowd.add(departure);
    this.#crowd = crowd;
    this.#inARow = 0;
    // A single one may be chance: it is watched whether it was.
    if (crowd.refused < 2 && !isSure) return;
    if (isSure && together <= this.#good) this.#good = 0;
    this.#cut(crowd, isSure);
  }

  /**
   * A request was refused, for one reason or another, of a number that had gone well: where more were than the share `noise` that
   * is refused at any rate, there were too many.
   */
  mayBeRefused(noise: number): void {
    const wasFull = this.#answersOfFull > 0;
    this.#remember(true);
    const { length } = this.#latest.filter(Boolean);
    if (this.#inFlight < 2 || !wasFull || length < 2) return;
    if (length <= Math.max(latest, this.#most) * (chance + 2 * noise)) return;
    this.#refused = Math.min(this.#inFlight, this.#refused);
    this.#most = Math.max(1, Math.min(this.#most, this.#inFlight) * decrease);
    this.#good = Math.min(this.#good, this.most);
    this.#wait(roundsUntilRetried.chance);
  }

  /** Refusals went on with fewer at a time: they may have had another reason. */
  doubt(): void {
    this.#untilRetried = Math.min(this.#untilRetried, roundsUntilRetried.chance);
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

  #prove(together: number): void {
    if (this.#inARow >= roundsOfProof * this.most) this.#cuts = 0;
    if (together <= this.#good) return;
    this.#answersAt[together] = (this.#answersAt[together] ?? 0) + 1;
    const answersOf = (number: number): number =>
      this.#answersAt.reduce((sum, answers, at) => (at >= number ? sum + answers : sum), 0);
    while (answersOf(this.#good + 1) >= roundsOfProof * (this.#good + 1)) this.#good++;
    if (this.#good >= this.#refused) this.#forgetRefusal();
  }

  /** How many scouts may be in flight: none where it is known, or not sure, that they would be refused. */
  #scoutsWanted(): number {
    if (this.#crowd?.isDoubtful(this.#sent) === true || this.#isRestarting || this.most >= this.#ceiling) return 0;
    if (!this.isKnown) {
      const share = this.#most > atFirst ? laterScouts : firstScouts;
      return Math.min(this.#ceiling - this.most, Math.max(1, Math.floor(this.#most * share)));
    }
    const isDue = this.most === this.#refused - 1 && this.#answers >= this.#untilRetried * this.most;
    return isDue ? 1 : 0;
  }

  /** Those that left together come back in any order. */
  #scoutReturned(together: number): void {
    this.#scouted = Math.max(this.#scouted, together);
    if (this.#scouted <= this.most) return;
    if (this.isKnown && ++this.#returned < scoutsNeeded) return;
    this.#returned = 0;
    this.#most = Math.min(this.#ceiling, this.#most + 1);
  }

  #restore(): void {
    this.#most = Math.max(this.#most, this.#beforeCuts);
    this.#forgetRefusal();
  }

  #cut(crowd: RefusedCrowd, isSure: boolean): void {
    const { together, isOfScouts, isFollowed } = crowd;
    if (!isFollowed) {
      if (this.#cuts === 0) this.#beforeCuts = this.#most;
      if (!isOfScouts) this.#cuts++;
      crowd.follow(this.#sent);
    }
    if (this.#cuts >= cutsBorne && !isSure) {
      this.#restore();
      return;
    }
    const taken = isOfScouts ? this.most : crowd.taken;
    const least = Math.max(this.#good, crowd.answeredBefore >= together ? Math.floor(together * hadGoneWell) : 1);
    this.#most = Math.min(this.#most, Math.max(taken, least));
    // A crowd that says how many are taken says which number is not.
    this.#refused = taken >= least ? this.most + 1 : crowd.least;
    if (!isFollowed) this.#wait(roundsUntilRetried[isSure || taken >= least ? 'sure' : 'chance']);
  }

  /** So many rounds at least before what was refused is tried again. */
  #wait(rounds: number): void {
    this.#untilRetried = Math.min(roundsUntilRetried.most, Math.max(rounds, 2 * this.#untilRetried));
    this.#answers = 0;
    this.#answersOfFull = 0;
    this.#latest = [];
    this.#isRestarting = false;
  }

  #remember(isRefused: boolean): void {
    this.#latest.push(isRefused);
    if (this.#latest.length > Math.max(latest, this.#most)) this.#latest.shift();
  }

  #step(): number {
    return this.#isRestarting ? 1 : 1 / this.#most;
  }

  #forgetRefusal(): void {
    this.#refused = Number.POSITIVE_INFINITY;
    this.#untilRetried = 0;
  }
}
