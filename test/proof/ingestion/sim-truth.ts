import { makeBlock } from '../../support/simulated-chain.js';
import type { SimBlock, SimEvent } from '../../support/simulated-chain.js';

type Blocks = readonly SimBlock[];

/** The chain as it was from an instant of virtual time on. */
interface Version {
  readonly at: number;
  readonly blocks: Blocks;
}

export interface SimTruthOptions {
  /** The blocks that are there at first. */
  readonly blocks: Blocks;
  /** How many blocks below the head none is ever replaced. */
  readonly finalDepth: number;
  /** What new blocks hold. */
  readonly eventsOf: () => readonly SimEvent[];
  readonly now: () => number;
}

/** The one true chain of a schedule, with all that it ever was: it grows, and replaces what is not final. */
export class SimTruth {
  /** Every block there ever was, by its hash. */
  readonly known = new Map<string, SimBlock>();
  /** Blocks that were replaced. */
  readonly replaced: SimBlock[] = [];
  /** The highest block that there ever was. */
  highest: number;
  /** Whether it was begun anew. */
  isReset = false;
  readonly #options: SimTruthOptions;
  readonly #versions: Version[];
  #forks = 0;

  constructor(options: SimTruthOptions) {
    this.#options = options;
    this.#versions = [{ at: 0, blocks: options.blocks }];
    this.highest = options.blocks.length - 1;
    for (const block of options.blocks) this.known.set(block.hash, block);
  }

  get blocks(): Blocks {
    return this.#versions.at(-1)!.blocks;
  }

  get head(): SimBlock {
    return this.blocks.at(-1)!;
  }

  /** The newest block that is never replaced. */
  get final(): number {
    return this.highest - this.#options.finalDepth;
  }

  /** Mines blocks; returns them. */
  mine(count: number): Blocks {
    return this.#grow(this.blocks, count);
  }

  /** Replaces the newest blocks, `depth` at most and none that is final, by `count` others; returns these. */
  reorg(depth: number, count: number): Blocks {
    return this.replace(Math.min(depth, this.head.number - this.final), count);
  }

  /** The same, whether final or not; the first block stays. */
  replace(depth: number, count: number): Blocks {
    const most = Math.min(depth, this.head.number);
    if (most <= 0) return [];
    this.#forks++;
    this.replaced.push(...this.blocks.slice(-most));
    return this.#grow(this.blocks.slice(0, -most), count);
  }

  /** Begins anew with `count` blocks behind the first `kept` ones; nobody shows the others that there were any more. */
  reset(count: number, kept: number): Blocks {
    const { blocks } = this;
    this.#forks++;
    this.isReset = true;
    this.replaced.push(...blocks.slice(kept));
    this.#versions.length = 0;
    return this.#grow(blocks.slice(0, kept), count);
  }

  /** The chain as somebody sees it who hears of everything late: what is final is never shown as it was before. */
  viewAt(at: number): Blocks {
    const { blocks } = this.#versions.findLast((version) => version.at <= at) ?? this.#versions[0]!;
    const border = this.#common(blocks);
    return border < blocks.length && border <= this.final ? blocks.slice(0, Math.max(1, border)) : blocks;
  }

  #grow(from: Blocks, count: number): Blocks {
    const grown = [...from];
    const salt = `fork ${this.#forks}`;
    for (let mined = 0; mined < count; mined++) grown.push(makeBlock(grown.at(-1), salt, this.#options.eventsOf()));
    const added = grown.slice(from.length);
    for (const block of added) this.known.set(block.hash, block);
    this.#versions.push({ at: this.#options.now(), blocks: grown });
    this.highest = Math.max(this.highest, grown.length - 1);
    return added;
  }

  /** Returns how many blocks a former version has in common with the chain as it is. */
  #common(blocks: Blocks): number {
    const now = this.blocks;
    let low = 0;
    let high = Math.min(blocks.length, now.length);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (blocks[middle - 1] === now[middle - 1]) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
