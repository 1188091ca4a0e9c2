import type { Clock } from '../../runtime/clock.js';

export interface StallWatchOptions {
  readonly clock: Clock;
  /** How long nothing may move, in milliseconds. */
  readonly stallAfterMs: number;
  /** Called once when it has been still for too long, and once when it moves again. */
  readonly onStall: (stillSeconds: number) => void;
  readonly onMove: () => void;
}

/** Knows since when nothing has moved, and whether that is too long for a task to be called alive. */
export class StallWatch {
  readonly #options: StallWatchOptions;
  #movedAt: number;
  #stalled = false;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#movedAt = options.clock.monotonic();
  }

  /** How long nothing has moved, in milliseconds. */
  get stillMs(): number {
    return this.#options.clock.monotonic() - this.#movedAt;
  }

  /** Says whether nothing has moved for too long; tells it once. */
  get isStalled(): boolean {
    if (this.stillMs < this.#options.stallAfterMs) return false;
    if (!this.#stalled) {
      this.#stalled = true;
      this.#options.onStall(Math.round(this.stillMs / 1_000));
    }
    return true;
  }

  /** Work has moved. */
  moved(): void {
    this.paused();
    if (this.#stalled) this.#options.onMove();
    this.#stalled = false;
  }

  /** What stands still is not the work but what it has to wait for. */
  paused(): void {
    this.#movedAt = this.#options.clock.monotonic();
  }
}
