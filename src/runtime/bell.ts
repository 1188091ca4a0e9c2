import { waitAtMost, type Wait } from './wait-at-most.js';

/** Wakes whoever waits for news; what rings while nobody waits is not lost. */
export class Bell {
  #rings = 0;
  readonly #waiting = new Set<() => void>();

  /** How often it has rung: to be read before one looks for news, and handed to `after`. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Resolves once it has rung more often than `rings`; at once where it has. */
  after(rings: number): Promise<void> {
    return this.#rings > rings ? Promise.resolve() : new Promise((resolve) => this.#waiting.add(resolve));
  }

  /**
   * Waits as `after` does, but no longer than some time, or than until a signal is aborted; says whether it has rung. Of a wait
   * that is over nothing stays behind: weeks may pass until it rings.
   */
  async ringsWithin(rings: number, wait: Wait): Promise<boolean> {
    if (this.#rings > rings) return true;
    let wake = (): void => undefined;
    const rung = new Promise<true>((resolve) => (wake = () => resolve(true)));
    this.#waiting.add(wake);
    return (await waitAtMost(rung, wait).finally(() => this.#waiting.delete(wake))) === true;
  }
}
