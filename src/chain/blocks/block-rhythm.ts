import type { BlockHeader } from '../../model/block.js';

/** How many heads are remembered, and from how many on they tell a rhythm. */
const headsKept = 32;
const headsNeeded = 6;
/** Headers tell whole seconds: intervals that differ by no more are equal. In seconds. */
const granularity = 1;
/** The moment at which blocks appear is looked for to this part of the interval between them. */
const precision = 1 / 16;
/** What is known of that moment fades by this part of the interval with each block. */
const slack = 1 / 100;

/** When blocks have appeared, by the monotonic clock: between the last look in vain and the one that found it. */
interface Appearance {
  readonly earliest: number;
  readonly latest: number;
}

/** Learns from blocks' times, and from when they were found, when it is worth while to look for the next one. */
export class BlockRhythm {
  #heads: BlockHeader[] = [];
  #appeared: Appearance | null = null;

  /**
   * Takes in a new head that was found at a time; `missedAt` is when it was last looked for in vain, the same as `at`
   * where the head was told the moment that it appeared. Both in milliseconds by the monotonic clock.
   */
  found(head: BlockHeader, at: number, missedAt: number): void {
    const last = this.#heads.at(-1);
    // After a reorganisation the old blocks' times still hold; only their order must.
    const blocks = last === undefined ? 0 : head.number - last.number;
    if (blocks <= 0 && last !== undefined) return;
    this.#heads = [...this.#heads, head].slice(-headsKept);
    const expected = this.#shifted(blocks);
    const narrowed = {
      earliest: Math.max(missedAt, expected?.earliest ?? missedAt),
      latest: Math.min(at, expected?.latest ?? at),
    };
    this.#appeared = narrowed.earliest <= narrowed.latest ? narrowed : { earliest: missedAt, latest: at };
  }

  /**
   * The time from block to block, in milliseconds; null while too little is known. Headers tell whole seconds: short
   * intervals are a mean; of long ones the median is exact, also where some slots stay empty.
   */
  get intervalMs(): number | null {
    const first = this.#heads[0];
    const last = this.#heads.at(-1);
    if (first === undefined || last === undefined || this.#heads.length < headsNeeded) return null;
    const median = this.#medianGap();
    if (median >= 4 * granularity) return median * 1_000;
    return ((last.timestamp - first.timestamp) / (last.number - first.number)) * 1_000;
  }

  /**
   * Returns when the head is to be looked at after a look at `lookedAt`: after `pollMs` at the latest, for blocks may come
   * faster than their times say, and sooner where one is due sooner.
   */
  nextLook(lookedAt: number, pollMs: number): number {
    const due = this.#shifted(1);
    const intervalMs = this.intervalMs ?? 0;
    // Blocks that come faster than they are asked for need no aim.
    if (due === null || !this.#isRegular() || intervalMs < pollMs / 2) return lookedAt + pollMs;
    const isVague = due.latest - due.earliest > intervalMs * precision;
    const aims = isVague ? [(due.earliest + due.latest) / 2, due.latest] : [due.latest];
    const aim = aims.find((candidate) => candidate > lookedAt + 1);
    if (aim !== undefined) return Math.min(aim, lookedAt + pollMs);
    const isLate = lookedAt - due.latest > intervalMs / 2;
    return lookedAt + (isLate ? pollMs : pollMs / 4);
  }

  /** No block comes early, and most come on time. */
  #isRegular(): boolean {
    const median = this.#medianGap();
    const gaps = this.#gaps();
    const onTime = gaps.filter((gap) => Math.abs(gap - median) <= granularity);
    return gaps.every((gap) => gap >= median - granularity) && onTime.length >= gaps.length * 0.75;
  }

  #medianGap(): number {
    const sorted = this.#gaps().sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  /** Seconds from block to block. */
  #gaps(): number[] {
    return this.#heads.slice(1).map((head, index) => {
      const before = this.#heads[index] ?? head;
      return (head.timestamp - before.timestamp) / (head.number - before.number);
    });
  }

  /** When the block so many after the newest one will appear. */
  #shifted(blocks: number): Appearance | null {
    const intervalMs = this.intervalMs;
    if (this.#appeared === null || intervalMs === null) return null;
    const fading = intervalMs * slack * blocks;
    const { earliest, latest } = this.#appeared;
    return { earliest: earliest + intervalMs * blocks - fading, latest: latest + intervalMs * blocks + fading };
  }
}
