import { NodeLagsError } from './consistency.js';
import { ReorgTooDeepError } from './reorg.js';

/** How often in a row the node may fail to show the blocks below its head before that counts as an error. */
const lagsBorne = 20;
/** How often in a row a reorganisation below all that is remembered must show before it is believed. */
const deepReorgsDoubted = 5;

/** Tells a node that is behind for a while, or one of several that has gone astray, from one that can't be used. */
export class LagPatience {
  #lags = 0;
  #deepReorgs = 0;

  /** Returns what a failure tells where it may pass by itself, and throws it where it may not. */
  bear(error: unknown): string {
    if (error instanceof NodeLagsError && ++this.#lags <= lagsBorne) return error.message;
    if (error instanceof ReorgTooDeepError && ++this.#deepReorgs <= deepReorgsDoubted) return error.message;
    throw error;
  }

  /** Forgets earlier failures: the node did what it should. */
  restore(): void {
    this.#lags = 0;
    this.#deepReorgs = 0;
  }
}
