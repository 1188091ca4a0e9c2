import { earliestIn } from '../errors/rpc-error-hints.js';
import type { RpcError } from '../errors/rpc-error.js';

/** How far above a refused block the history is supposed to begin, where nobody says; doubled each time that it is not so. */
const firstStep = 1_024;
/** How long that is believed, in milliseconds: another node may stand behind the URL by then. */
const believedMs = 3_600_000;

/** Remembers how far back an endpoint's history goes, from what it refused. Times are those of one monotonic clock. */
export class KnownHistory {
  #begins = 0;
  #step = firstStep;
  #learnedAt = 0;

  /** The first block of the history, as far as is known. */
  get begins(): number {
    return this.#begins;
  }

  /** Says whether blocks from `oldest` on are worth asking for. */
  mayHold(oldest: number, now: number): boolean {
    if (oldest >= this.#begins) return true;
    if (now - this.#learnedAt < believedMs) return false;
    this.#begins = 0;
    this.#step = firstStep;
    return true;
  }

  /** Blocks from `oldest` on were refused because the first of them are too old. */
  refused(oldest: number, error: RpcError, now: number): void {
    const stated = earliestIn(error.message);
    this.#learnedAt = now;
    if (stated !== undefined && stated > oldest) {
      this.#begins = stated;
      return;
    }
    this.#begins = Math.max(this.#begins, oldest + this.#step);
    this.#step *= 2;
  }
}
