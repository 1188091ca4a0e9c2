import type { Clock } from './clock.js';

/** How long a turn is, in milliseconds: what is ready meanwhile waits for so long; a rest takes some hundredths of one. */
const turnMs = 2;

/** Divides long work into turns: heartbeats, signals, and what is on its way from or to others, get theirs in between. */
export class Turns {
  readonly #clock: Clock;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** True where it is time for a rest. */
  get isOver(): boolean {
    return this.#clock.monotonic() - this.#since > turnMs;
  }

  /** Resolves when whatever is ready to run has had its turn. */
  async rest(): Promise<void> {
    await this.#clock.sleep(0);
    this.#since = this.#clock.monotonic();
  }
}
