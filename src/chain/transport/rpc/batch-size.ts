import { asksForLess } from '../errors/rpc-error.js';
import type { RpcError, RpcErrorClass } from '../errors/rpc-error.js';

/** Classes of a failed batch that say nothing about batches: single calls would fail in the same way. */
const notAboutBatches: ReadonlySet<RpcErrorClass> = new Set([
  'rate-limit',
  'quota',
  'timeout',
  'transport',
  'internal',
  'response-too-large',
  'range-cap',
  'density',
  'lag',
  'pruned',
  'missing-state',
  'revert',
  'redirect',
]);

/**
 * A server that can't take batches may say so by breaking: after so many failures in a row it is asked one by one; one that
 * has answered as many calls in a request after more, for then it is more likely to be broken itself.
 */
const failuresBorne = 3;
const failuresOfKnown = 12;
/** After so many batches in a row of which calls were left unanswered, fewer are asked at once. */
const partsBorne = 3;
/** It may have been broken itself: after so many requests it is tried with twice as many calls again; twice as many each time, at most. */
const requestsUntilRetried = 20;
const longestUntilRetried = 10_000;
/** More calls are never asked at once. */
const largest = 1_000;

/** How many calls an endpoint takes in one request, as its refusals have told. */
export class BatchSize {
  #most: number;
  /** True once a batch was refused as too large. */
  #isKnown = false;
  /** The most calls in one request that were answered. */
  #answered = 1;
  /** Failures in a row that may have been about batches. */
  #failures = 0;
  /** Batches in a row that were answered in part. */
  #parts = 0;
  /** How often the connection was lost over batches, and how many calls the last of them held, since as many were answered. */
  #losses = 0;
  #lost = 0;
  /** When it was lost last, by the clock of whoever asks. */
  #lostAt = Number.NEGATIVE_INFINITY;
  /** True while it is only guessed from such failures that batches are too much. */
  #isGuessed = false;
  /** Requests that were answered since, and after how many a larger one is tried again. */
  #since = 0;
  #untilRetried = requestsUntilRetried;

  constructor(most: number) {
    this.#most = most;
  }

  /** The most calls that one request holds. */
  get most(): number {
    return this.#most;
  }

  /** A batch of this size was answered: where it was nearly as large as may be, and none was refused, a larger one may be, too. */
  answered(size: number): void {
    this.#failures = 0;
    this.#parts = 0;
    if (size >= this.#lost) this.#forgetLosses();
    this.#answered = Math.max(this.#answered, size);
    if (2 * size <= this.#most) return;
    if (this.#isGuessed) this.#retry();
    else if (!this.#isKnown) this.#most = Math.max(this.#most, Math.min(largest, 2 * this.#most));
  }

  /** Of a batch of this size so many calls were answered, and the others left out without a word. */
  answeredInPart(size: number, calls: number): void {
    this.#failures = 0;
    if (++this.#parts < partsBorne) return;
    this.#guess(Math.min(this.#most, calls, Math.floor(size / 2)));
  }

  /**
   * The connection was lost over a batch of this size: some servers break it where that is too much. What had left before it was lost
   * the last time was lost with that. Times are those of one monotonic clock, in milliseconds.
   */
  lost(size: number, { sentAt, now }: { readonly sentAt: number; readonly now: number }): void {
    if (sentAt < this.#lostAt) return;
    this.#lostAt = now;
    this.#lost = size;
    const isKnown = size <= this.#answered;
    if (++this.#losses < (isKnown ? failuresOfKnown : failuresBorne)) return;
    this.#guess(Math.min(this.#most, Math.max(isKnown ? 1 : this.#answered, Math.floor(size / 2))));
  }

  /** A call by itself was answered. */
  answeredAlone(): void {
    if (this.#isGuessed) this.#retry();
  }

  /**
   * Remembers that a batch of this size is too much; throws the error where it is about something else. `isObject`: false for
   * `null` or a page, which may be a proxy's.
   */
  refused(size: number, error: RpcError, isObject = true): void {
    const isTold = error.class === 'batch' || (isObject && size > this.#answered && isAboutBatch(error));
    if (!isTold) {
      this.#bear(size, error);
      this.#guess(1);
      return;
    }
    this.#isGuessed = false;
    this.#isKnown = true;
    this.#answered = 1;
    const tooLarge = error.class === 'batch' && error.facts.isOfSize;
    const smaller = error.cap !== undefined && error.cap < size ? error.cap : Math.floor(size / 2);
    this.#most = tooLarge ? Math.max(1, smaller) : 1;
  }

  /** It takes as many: whatever happened to its connections was no matter of that. */
  #forgetLosses(): void {
    if (this.#lost > 0) this.#untilRetried = requestsUntilRetried;
    this.#losses = 0;
    this.#lost = 0;
  }

  #guess(most: number): void {
    this.#isGuessed = true;
    this.#isKnown = true;
    this.#since = 0;
    this.#parts = 0;
    this.#losses = 0;
    this.#most = Math.max(1, most);
    this.#answered = Math.min(this.#answered, this.#most);
  }

  /** Tries more at once than was guessed, after some time. */
  #retry(): void {
    if (++this.#since < this.#untilRetried) return;
    this.#untilRetried = Math.min(longestUntilRetried, 2 * this.#untilRetried);
    this.#isGuessed = false;
    this.#isKnown = false;
    this.#failures = 0;
    this.#most = Math.min(largest, 2 * this.#most);
  }

  /** Throws an error that may be about something else than batches, as long as it has not come often in a row. */
  #bear(size: number, error: RpcError): void {
    const mayBeBatch = error.class !== 'rate-limit' && error.class !== 'quota' && !asksForLess(error);
    const borne = size <= this.#answered ? failuresOfKnown : failuresBorne;
    if (!mayBeBatch || ++this.#failures < borne) throw error;
  }
}

/**
 * A server that looks for a method or its parameters in an array finds none; one that refuses a method by name, or an
 * argument, means that one.
 */
function isAboutBatch({ class: kind, facts }: RpcError): boolean {
  if (kind === 'invalid-request') return facts.isOfArray;
  if (kind === 'method-disabled') return !facts.isOfMethod;
  return !notAboutBatches.has(kind);
}
