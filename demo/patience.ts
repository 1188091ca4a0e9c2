import type { Clock } from '../src/runtime/clock.js';

/** Waits for what other processes do. */
export class Patience {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Aborted when the demo shall end. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Waits a while; rejects when the demo shall end. */
  async sleep(durationMs: number): Promise<void> {
    await this.#clock.sleep(durationMs, this.#signal);
  }

  /** Asks again and again until there is an answer; undefined where there is none in time. */
  async until<T>(find: () => T | Promise<T>, timeoutMs = 15_000): Promise<NonNullable<T> | undefined> {
    const deadline = this.#clock.monotonic() + timeoutMs;
    for (;;) {
      const found = await find();
      if (found !== null && found !== undefined && found !== false) return found;
      if (this.#clock.monotonic() > deadline) return undefined;
      await this.sleep(20);
    }
  }
}
