interface Sample {
  readonly atMs: number;
  readonly block: number;
  readonly events: number;
}

/** How fast a run has been of late. */
export interface Rate {
  readonly blocksPerSecond: number;
  readonly eventsPerSecond: number;
}

const windowMs = 30_000;
/** How far samples lie apart at least, but for the newest. */
const apartMs = windowMs / 10;

/** Measures a run's speed over its last half minute. */
export class ProgressRate {
  #samples: Sample[] = [];

  add(atMs: number, block: number, events: number): void {
    const first = this.#samples.findIndex((sample) => atMs - sample.atMs <= windowMs);
    // The newest sample outside of the window stays, so that a slow run has a speed too.
    if (first > 1) this.#samples = this.#samples.slice(first - 1);
    const before = this.#samples.at(-2);
    if (before !== undefined && atMs - before.atMs < apartMs) this.#samples.pop();
    this.#samples.push({ atMs, block, events });
  }

  /** Returns the speed; zero as long as no time has passed. */
  get rate(): Rate {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs === first.atMs) {
      return { blocksPerSecond: 0, eventsPerSecond: 0 };
    }
    const seconds = (last.atMs - first.atMs) / 1000;
    return {
      blocksPerSecond: Math.max(0, last.block - first.block) / seconds,
      eventsPerSecond: Math.max(0, last.events - first.events) / seconds,
    };
  }
}
