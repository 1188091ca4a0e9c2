import type { RateStatement } from '../rpc/rate-headers.js';
import type { Round } from './rate-trial.js';
import { RateTrial } from './rate-trial.js';
import { StatedRate } from './stated-rate.js';
import type { Heard } from './stated-window.js';

/** What is left of a rate that was refused, and of one that the endpoint states. */
const margin = 0.95;
/** Where each refusal costs a pause. */
const marginOfPauses = 0.8;
const stated = 0.98;
/** What an endpoint is supposed to take, requests a second, if it was asked too little to tell. */
const leastSupposed = 10;
/** The lowest rate, in requests a second. */
const lowest = 0.2;
/** A rate that is this high is none. */
const unlimited = 2_000;
/** What is added each second, far below what was refused and near it, and beyond it, as a share of the rate; and at once at most. */
const steps = { far: 0.3, near: 0.015, beyond: 0.5, most: 1 };
/** Where near begins and ends, as shares of what was answered when some were refused. */
const near = { from: 0.9, to: 1.1 };
/** How far behind an even pace a request may be that makes up for it, in milliseconds: timers are late now and then. */
const behindMs = 60;
/** How long a round is, at least, and of how many requests; and after how long fewer will do. */
const whole = { ms: 500, requests: 30, longestMs: 4_000 };
/** More of these than answers end a round at once. */
const storm = { refused: 4, beyondNoise: 10 };
/** The share of refusals beyond which what was answered within a second counts, however short that was. */
const mostShare = 0.35;
/** For how long answers are remembered, in milliseconds. */
const latelyMs = 4_000;
const mostRemembered = 2 * latelyMs;
/** A pause that an endpoint wishes for and that is no longer counts with the answers around it, in milliseconds. */
const shortPauseMs = 2_000;
/** Whoever refused everything for so long, in milliseconds, refused it for something else than its number. */
const blockMs = 2_000;
/** Over how long answers are counted, and the shortest time over which a rate is told, in milliseconds. */
const secondMs = 1_000;
const burstMs = 200;

/** Hears what refusals turned out to mean. */
export interface RateVerdicts {
  /** Some were refused for something else than their number. */
  readonly forgiven?: () => void;
  /** They were too many a second: there is a lower rate now. */
  readonly lowered?: () => void;
}

/**
 * How many requests a second an endpoint takes: as many as there are until it refuses a share of them, then a little less
 * than it answered meanwhile, and more bit by bit. Where fewer are refused just as often, the rate is not what they are
 * refused for, and it is as it was before. Times are those of one monotonic clock, in milliseconds.
 */
export class RequestRate {
  /** What it never exceeds: what whoever pays has set, and what the endpoint has stated when it refused. */
  #bound: number;
  #perSecond: number;
  /** What the endpoint states with its answers, and how many requests are on their way to it. */
  readonly #stated = new StatedRate();
  #inFlight = 0;
  /** When the next request is due at an even pace, and until when there may be none at all. */
  #dueAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #restsSince = Number.NEGATIVE_INFINITY;
  #restsUntil = Number.NEGATIVE_INFINITY;
  /** Whether the endpoint has asked for a pause. */
  #hasWished = false;
  /** What was answered a second when some were refused. */
  #ceiling = Number.POSITIVE_INFINITY;
  readonly #trial = new RateTrial();
  readonly #verdicts: RateVerdicts;
  /** The round: since when, how many requests that left in it were answered and refused, and whether the pace kept any back. */
  #since = Number.NEGATIVE_INFINITY;
  #answered = 0;
  #refused = 0;
  #wasReached = false;
  /** When the latest requests were answered. */
  #answers: number[] = [];

  /** `most`: so many requests a second at most. */
  constructor(most = Number.POSITIVE_INFINITY, verdicts: RateVerdicts = {}) {
    this.#bound = most;
    this.#verdicts = verdicts;
    this.#perSecond = most;
  }

  /** Requests a second; infinite where no limit is known. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** True where it is asked less than it might be, for what it refused. */
  get isFound(): boolean {
    return this.#perSecond < this.#most;
  }

  /** True while it is watched what a lower rate brings. */
  get isTrying(): boolean {
    return this.#trial.isTrying;
  }

  /** The share of requests that is refused at any rate; 0 where none is known to be. */
  get noise(): number {
    return this.#trial.noise;
  }

  /** When the next request may leave. */
  get freeAt(): number {
    return Math.max(this.#pausedUntil, this.#dueAt, this.#stated.freeAt(this.#inFlight));
  }

  /** Says whether the endpoint has told that it takes no more for the moment, by what it counts. */
  isSpent(now: number): boolean {
    return this.#stated.freeAt(0) > now;
  }

  get #most(): number {
    const perSecond = Math.max(lowest, this.#stated.perSecond * stated);
    return Math.min(this.#bound, perSecond >= unlimited ? Number.POSITIVE_INFINITY : perSecond);
  }

  /** So many requests leave, one after the other. */
  sent(requests: number, now: number): void {
    this.#inFlight += requests;
    this.#stated.sent(requests, now);
    if (this.#since === Number.NEGATIVE_INFINITY) this.#since = now;
    if (this.#perSecond === Number.POSITIVE_INFINITY) return;
    if (now - this.#dueAt < behindMs) this.#wasReached = true;
    this.#dueAt = Math.max(this.#dueAt, now - behindMs) + (requests * secondMs) / this.#perSecond;
  }

  /** So many requests that had left are over, however they ended. */
  ended(requests: number): void {
    this.#inFlight -= requests;
  }

  /** An answer states these in its headers. */
  heard(statements: readonly RateStatement[], answer: Heard, now: number): void {
    const before = this.#most;
    this.#stated.hear(statements, answer, now);
    // What was found out by refusals stays found.
    this.#set(this.#perSecond < before ? this.#perSecond : this.#most);
  }

  /** A request that had left at `since` was answered. */
  answered(since: number, now: number): void {
    this.#answers.push(now);
    if (this.#answers.length > mostRemembered) this.#answers = this.#answers.slice(-mostRemembered / 2);
    // Whoever answers nothing at all for long does so whatever the rate is.
    if (this.#answered === 0 && this.#refused > 0 && now - this.#since >= blockMs) this.#beginRound(since);
    if (since >= this.#since) this.#answered++;
    this.#endRound(now);
  }

  /** Something was refused for the number of requests: what the endpoint states of that counts. */
  believe(): void {
    this.#stated.refused();
  }

  /** A request that had left at `since` was refused as one of too many. */
  refused(since: number, now: number): void {
    // What has left before the rate was lowered tells nothing new.
    if (since < this.#since) return;
    this.#refused++;
    this.#endRound(now);
  }

  /** The endpoint states how many requests a second it takes. */
  state(perSecond: number): void {
    this.#bound = Math.min(this.#bound, Math.max(lowest, perSecond * stated));
    this.#perSecond = Math.min(this.#perSecond, this.#most);
  }

  /** No request may leave for some time, in milliseconds: the endpoint has said so. */
  pause(ms: number, now: number): void {
    this.#hasWished = true;
    if (ms > shortPauseMs) this.rest(ms, now);
    this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
  }

  /** No request shall leave for some time, in milliseconds, which tells nothing of the rate. */
  rest(ms: number, now: number): void {
    if (now > this.#pausedUntil) this.#restsSince = now;
    this.#restsUntil = Math.max(this.#restsUntil, now + ms);
    this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
  }

  #endRound(now: number): void {
    const requests = this.#answered + this.#refused;
    const age = now - this.#since;
    const isStorm =
      this.#refused > this.#answered && this.#refused >= (this.noise > 0 ? storm.beyondNoise : storm.refused);
    const isWhole = this.#refused === 0 || requests >= whole.requests || age >= whole.longestMs;
    if (this.#answered === 0 || !(isStorm || (isWhole && age >= whole.ms))) return;
    const answers = (this.#answered * secondMs) / age;
    this.#judge({ share: this.#refused / requests, requests, answers, rate: this.#perSecond }, age, now);
    this.#beginRound(now);
  }

  #beginRound(now: number): void {
    this.#since = now;
    this.#answered = 0;
    this.#refused = 0;
    this.#wasReached = false;
  }

  #judge(round: Round, age: number, now: number): void {
    const verdict = this.#trial.judge(round);
    if (verdict === 'noise') {
      this.#set(this.#trial.before);
      this.#verdicts.forgiven?.();
    } else if (verdict === 'too many') {
      this.#lower(this.#taken(round.share, now), round.share);
      if (this.#perSecond < round.rate) this.#verdicts.lowered?.();
    } else if (this.#wasReached) {
      this.#set(this.#perSecond * (1 + Math.min(steps.most, (this.#step() * age) / secondMs)));
    }
  }

  #lower(answered: number, share: number): void {
    // Of what is refused whatever the rate is, as much more may be asked.
    const taken = Math.max(answered, leastSupposed) / (1 - this.#trial.noise);
    // What is only supposed soon turns out to be too little.
    this.#ceiling = answered < leastSupposed ? lowest : taken;
    const left = this.#hasWished ? marginOfPauses : Math.max(margin, 1 - share);
    this.#set(Math.max(lowest, Math.min(this.#perSecond, taken) * left));
  }

  #set(perSecond: number): void {
    this.#perSecond = perSecond >= unlimited ? this.#most : Math.min(perSecond, this.#most);
    if (this.#perSecond === Number.POSITIVE_INFINITY) this.#dueAt = Number.NEGATIVE_INFINITY;
  }

  #step(): number {
    if (this.#perSecond < this.#ceiling * near.from) return steps.far;
    if (this.#perSecond >= this.#ceiling * near.to) return steps.beyond;
    // Where a refusal costs a pause, more is tried more seldom.
    return this.#hasWished ? steps.near / 4 : steps.near;
  }

  /** How many a second it takes, as far as its answers tell: whoever refuses most of what comes may have answered all at once. */
  #taken(share: number, now: number): number {
    const lately = this.#mostAnswered(now);
    return this.#hasWished || share > mostShare ? lately : this.#answeredPerSecond(now);
  }

  /** How many were answered in the last second; of one in which it was left alone, in the second before. */
  #answeredPerSecond(now: number): number {
    const restedMs = Math.max(0, Math.min(now, this.#restsUntil) - Math.max(this.#since, this.#restsSince));
    const answers = this.#answers.filter((at) => at > now - secondMs - restedMs);
    const [first = now] = answers;
    return (answers.length * secondMs) / Math.max(burstMs, now - first - restedMs);
  }

  /** The most that were answered within a second, lately: between two pauses there may be less than one. */
  #mostAnswered(now: number): number {
    this.#answers = this.#answers.filter((at) => at > now - latelyMs);
    let most = 0;
    for (let first = 0, last = 0; last < this.#answers.length; last++) {
      while ((this.#answers[last] as number) - (this.#answers[first] as number) >= secondMs) first++;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }
}
