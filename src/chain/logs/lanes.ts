import type { BlockRange } from '../../model/block.js';
import type { FetchedRange } from '../blocks/range-reader.js';

/** Blocks that have been asked for, and what came of it. */
export interface Lane {
  from: number;
  to: number;
  /** True for what is asked for by itself, before all else. */
  readonly isFirst: boolean;
  /** False until it is known who is asked: until then it may ask for other blocks. */
  hasLeft: boolean;
  /** How long the answer is, or, as long as it is in flight, how long it should be. */
  bytes: number;
  /** True once the length of its answer is learned. */
  isMeasured: boolean;
  /** False until its logs have come: what else it needs is asked for beside those of others. */
  isRead: boolean;
  fetched: FetchedRange | null;
  failure: { readonly error: unknown } | null;
}

/** What is known of all lanes: how many there are, have come, have left, have been read, and how long their answers are. */
export interface Tally {
  readonly asked: number;
  readonly there: number;
  readonly left: number;
  readonly read: number;
  readonly bytes: number;
  readonly hasFailed: boolean;
}

/** Blocks that nobody asks for, and where the lane belongs that does. */
interface Gap extends BlockRange {
  readonly at: number;
}

/** Lanes in the order of their blocks. What lies between two of them was cut off from the first, and is yet to be asked for. */
export class Lanes {
  #lanes: Lane[] = [];

  /** The lane of the first blocks; undefined where there is none. */
  get first(): Lane | undefined {
    return this.#lanes[0];
  }

  /** The one behind it. */
  get second(): Lane | undefined {
    return this.#lanes[1];
  }

  add(at: number, lane: Lane): void {
    this.#lanes.splice(at, 0, lane);
  }

  takeFirst(): void {
    this.#lanes.shift();
  }

  clear(): void {
    this.#lanes = [];
  }

  /** Returns the first blocks of a range that nobody asks for; null where there are none. */
  gapIn({ from, to }: BlockRange): Gap | null {
    let next = from;
    const found = this.#lanes.findIndex((lane) => {
      const isBehind = lane.from !== next;
      if (!isBehind) next = lane.to + 1;
      return isBehind;
    });
    const at = found < 0 ? this.#lanes.length : found;
    const end = Math.min(to, (this.#lanes[at]?.from ?? Number.POSITIVE_INFINITY) - 1);
    return next > end ? null : { from: next, to: end, at };
  }

  /** Counts in one walk, for it is done at each change. */
  tally(): Tally {
    const tally = { asked: this.#lanes.length, there: 0, left: 0, read: 0, bytes: 0, hasFailed: false };
    for (const lane of this.#lanes) {
      if (lane.fetched !== null) tally.there++;
      if (lane.failure !== null) tally.hasFailed = true;
      if (lane.hasLeft) tally.left++;
      if (lane.isRead) tally.read++;
      tally.bytes += lane.bytes;
    }
    return tally;
  }

  /**
   * Has those who have not left yet ask for the first blocks, from `next` on, that nobody is asked for: each endpoint is to give as much
   * as it can. `bytesOf`: how long the answer for a range should be.
   */
  moveUp(next: number, bytesOf: (range: BlockRange) => number): void {
    const waiting = this.#lanes.filter(({ hasLeft }) => !hasLeft);
    if (waiting.length === 0) return;
    const lanes: Lane[] = [];
    let from = next;
    const fill = (end: number): void => {
      while (from <= end && waiting.length > 0) {
        const lane = waiting.shift() as Lane;
        const blocks = lane.to - lane.from + 1;
        lane.from = from;
        lane.to = Math.min(end, from + blocks - 1);
        lane.bytes = bytesOf(lane);
        lanes.push(lane);
        from = lane.to + 1;
      }
    };
    for (const lane of this.#lanes.filter(({ hasLeft }) => hasLeft)) {
      fill(lane.from - 1);
      lanes.push(lane);
      from = lane.to + 1;
    }
    fill(Number.POSITIVE_INFINITY);
    this.#lanes = lanes;
  }
}
