import type { AnswerVolume } from './answer-volume.js';
import { LogsTarget } from './logs-target.js';
import type { RpcError } from '../transport/errors/rpc-error.js';

/** How long an answer should take at most, in milliseconds, and down to which share of batch_size slowness shrinks. */
const wantedMs = 3_000;
const slowestShare = 1 / 10;
/** How closely a limit that nobody states is searched for. */
const precision = 0.04;
/** After so many answers a refused size is tried again: the refusal may be over. Doubled each time that it is not. */
const answersUntilRetried = 25;
const longestUntilRetried = 400;

/** What one endpoint takes in one request: what it has stated, and what its answers and refusals have told. */
export class EndpointLimits {
  readonly #wanted: number;
  readonly #largest: number;
  readonly #logs = new LogsTarget();
  /** A number of blocks that is believed to be answered. */
  #size: number;
  /** The most blocks, as the endpoint has stated. */
  #cap = Number.POSITIVE_INFINITY;
  /** The largest number of blocks that was answered, and the smallest that was refused without a stated limit. */
  #answered = 0;
  #refused = Number.POSITIVE_INFINITY;
  #refusalsInARow = 0;
  #hasRefused = false;
  #answersSince = 0;
  #untilRetried = answersUntilRetried;
  /** How long the endpoint takes for next to nothing. */
  #latencyMs = Number.POSITIVE_INFINITY;
  /** How many blocks would be answered in time. */
  #quick = Number.POSITIVE_INFINITY;

  /** Begins with `size` blocks and never goes beyond `largest`; `wanted` is what the user finds reasonable. */
  constructor(size: number, wanted: number, largest: number) {
    this.#size = size;
    this.#wanted = wanted;
    this.#largest = largest;
  }

  /** The number of blocks that a request asks for without risk, as far as is known. */
  get size(): number {
    return Math.max(1, Math.min(this.#size, this.#cap));
  }

  /** True once a request has been answered, or the endpoint has stated how many blocks it gives, and none was refused since. */
  get isProven(): boolean {
    return (this.#answered > 0 || this.#cap < Number.POSITIVE_INFINITY) && this.#refusalsInARow === 0;
  }

  /** True once it has told what it gives: by an answer to a request that was not larger than what it refused, or in words. */
  get hasTold(): boolean {
    return this.#answered > 0 || this.isProven;
  }

  /** True where it has refused what it is not known to answer by now. */
  get hasRefused(): boolean {
    return this.#hasRefused;
  }

  /** Returns how many blocks may be tried next: more than `size` where that is worth the risk of a refusal. */
  nextSize(volume: AnswerVolume): number {
    const most = Math.min(this.#cap, this.#largest, volume.blocksOf(this.#logs.target), this.#quick);
    const next = Math.min(most, this.#belowRefused(), this.#size * 2);
    return this.#isWorthTrying(next) ? next : this.size;
  }

  /** Learns from an answer; a larger size than before is kept only where `isTrial`. */
  learn(answer: { blocks: number; logs: number; ms: number }, isTrial: boolean, volume: AnswerVolume): void {
    const { blocks, logs, ms } = answer;
    this.#answersSince++;
    this.#refusalsInARow = 0;
    this.#answered = Math.max(this.#answered, blocks);
    if (blocks >= this.#refused) this.#forgetRefusal();
    if (isTrial) this.#size = Math.max(this.#size, blocks);
    this.#logs.answered(blocks, logs);
    this.#quick = this.#quickSize(blocks, ms);
    const fitting = Math.min(volume.blocksOf(this.#logs.target), Math.max(this.#quick, this.#size / 2));
    // Small fluctuations are not worth a change.
    if (fitting < this.#size * (1 - precision)) this.#size = Math.max(1, Math.floor(fitting));
  }

  /** Learns from a refusal of so many blocks. */
  refuse(blocks: number, error: RpcError, suggested: number | undefined): void {
    this.#hasRefused = true;
    if (error.class === 'range-cap' && error.cap !== undefined && error.cap < blocks) {
      this.#cap = error.cap;
      this.#shrinkTo(suggested ?? error.cap);
      return;
    }
    if (error.class === 'density' || error.class === 'response-too-large') this.#logs.refused(blocks, error);
    else this.#rememberRefusal(blocks);
    // A larger request than is usual by now says nothing about the usual one.
    if (blocks > this.#size && suggested === undefined) return;
    // Each refusal in a row makes the step larger: a chain may be a thousand times denser behind the next block.
    this.#refusalsInARow += error.lostConnection ? 2 : 1;
    this.#shrinkTo(suggested ?? Math.floor(blocks / 2 ** this.#refusalsInARow));
  }

  #belowRefused(): number {
    const refused = this.#refused;
    if (refused === Number.POSITIVE_INFINITY) return refused;
    if (this.#size < this.#answered && this.#answered < refused) return this.#answered;
    const between = middle(this.#size, refused);
    if (this.#isWorthTrying(between)) return between;
    return this.#answersSince >= this.#untilRetried ? refused : this.#size;
  }

  #isWorthTrying(size: number): boolean {
    return size >= this.size * (1 + precision);
  }

  #rememberRefusal(blocks: number): void {
    const isAgain = blocks >= this.#refused && this.#answersSince >= this.#untilRetried;
    if (isAgain) this.#untilRetried = Math.min(longestUntilRetried, this.#untilRetried * 2);
    this.#refused = Math.min(this.#refused, blocks);
    this.#answered = Math.min(this.#answered, blocks - 1);
    this.#answersSince = 0;
  }

  #forgetRefusal(): void {
    this.#refused = Number.POSITIVE_INFINITY;
    this.#untilRetried = answersUntilRetried;
    this.#hasRefused = this.#cap < Number.POSITIVE_INFINITY;
  }

  #shrinkTo(blocks: number): void {
    this.#size = Math.max(1, Math.min(this.#size, blocks));
  }

  /** Slowness that does not come from the number of blocks is left out. */
  #quickSize(blocks: number, ms: number): number {
    this.#latencyMs = Math.min(ms, this.#latencyMs * 1.05 + 1);
    const quick = Math.floor((blocks * wantedMs) / Math.max(1, ms - this.#latencyMs));
    return Math.max(quick, Math.ceil(this.#wanted * slowestShare));
  }
}

/** Far apart, sizes are halved by their ratio; close together, by their distance. */
function middle(low: number, high: number): number {
  return Math.floor(high > low * 4 ? Math.sqrt(low * high) : (low + high) / 2);
}
