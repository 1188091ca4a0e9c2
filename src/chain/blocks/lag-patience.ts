import type { Clock } from '../../runtime/clock.js';
import { NodeLagsError } from './consistency.js';
import { ReorgTooDeepError } from './reorg.js';

/** How often in a row the node may fail to show the blocks below its head before that counts as an error. */
const lagsBorne = 20;
/** How often in a row a reorganisation below all that is remembered must show before it is believed. */
const deepReorgsDoubted = 5;
/** For how long a run waits for endpoints that tell nothing of it, in milliseconds: they may know better. */
const silenceBorneMs = 60_000;

const unsureHint = 'wait until it answers, or take it out of the RPC URLs: then the others alone are believed';

/** Tells a node that is behind for a while, or one of several that has gone astray, from one that can't be used. */
export class LagPatience {
  readonly #clock: Clock;
  #lags = 0;
  #deepReorgs = 0;
  /** When the first of them showed, by the monotonic clock. */
  #deepSince = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns what a failure tells where it may pass by itself, and throws it where it may not. */
  bear(error: unknown): string {
    if (error instanceof NodeLagsError && ++this.#lags <= lagsBorne) return error.message;
    if (error instanceof ReorgTooDeepError && this.#isDoubted(error)) return error.message;
    // Who can't be reached may have the block still: this is no word of the chain on which a person should take rows back.
    if (error instanceof ReorgTooDeepError && error.isUnsure)
      throw new NodeLagsError(error.message, { hint: unsureHint });
    throw error;
  }

  /** Forgets earlier failures: the node did what it should. */
  restore(): void {
    this.#lags = 0;
    this.#deepReorgs = 0;
  }

  #isDoubted({ isUnsure }: ReorgTooDeepError): boolean {
    const now = this.#clock.monotonic();
    if (this.#deepReorgs === 0) this.#deepSince = now;
    if (++this.#deepReorgs <= deepReorgsDoubted) return true;
    return isUnsure && now - this.#deepSince < silenceBorneMs;
  }
}
