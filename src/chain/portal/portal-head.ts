import type { Clock } from '../../runtime/clock.js';
import type { PortalPatience } from './portal-trouble.js';

export interface PortalHeadOptions {
  readonly dataset: string;
  readonly clock: Clock;
  readonly patience: PortalPatience;
}

/** How old what is known may be where more is wanted, in milliseconds. */
const freshMs = 5_000;

/** The newest final block of a data set, and its first one, as far as its portal has told. */
export class PortalHead {
  readonly #options: PortalHeadOptions;
  #number: number | undefined;
  #first = 0;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(options: PortalHeadOptions) {
    this.#options = options;
  }

  /** Its number; -1 where there is none yet, undefined before anything was told. */
  get number(): number | undefined {
    return this.#number;
  }

  /** The first block of the data set, as far as is known. */
  get first(): number {
    return this.#first;
  }

  /** A refusal told the first block; says whether that is news. */
  begins(first: number): boolean {
    const isNews = first !== this.#first;
    this.#first = first;
    return isNews;
  }

  /** An answer told it; undefined where it did not. Finality never goes back. */
  heard(number: number | undefined): void {
    if (number === undefined) return;
    this.#number = Math.max(this.#number ?? -1, number);
    this.#heardAt = this.#options.clock.monotonic();
  }

  /** Returns its number, as it was just now where blocks are wanted from one above what is known. Throws PortalFailedError. */
  async read(from: number, signal: AbortSignal): Promise<number> {
    const { dataset, clock, patience } = this.#options;
    const { client, mostWaitMs } = patience;
    const trouble = patience.begin(null);
    for (;;) {
      const known = this.#number;
      if (known !== undefined && (from <= known || clock.monotonic() - this.#heardAt < freshMs)) return known;
      try {
        this.heard((await client.finalizedHead(dataset, signal, mostWaitMs))?.number ?? -1);
        patience.answered();
      } catch (error) {
        signal.throwIfAborted();
        await trouble.bear(error, signal);
      }
    }
  }
}
