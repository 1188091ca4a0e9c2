import type { BlockHeader, BlockRef } from '../../model/block.js';
import { NeedsRewindError } from '../../runtime/errors.js';
import type { Hearing } from './hearing.js';

/** The blocks that a run remembers because the chain may yet replace them. */
export class RecentBlocks {
  #blocks: BlockRef[];

  constructor(blocks: readonly BlockRef[]) {
    this.#blocks = [...blocks].sort((a, b) => a.number - b.number);
  }

  /** The remembered blocks, ascending. */
  get blocks(): readonly BlockRef[] {
    return this.#blocks;
  }

  /** Returns the newest one that is not above a number; undefined where there is none. */
  newestUpTo(number: number): BlockRef | undefined {
    return this.#blocks.findLast((block) => block.number <= number);
  }

  /** Adds blocks above those remembered, and forgets those up to `finalizedBlock`. */
  remember(blocks: readonly BlockRef[], finalizedBlock: number): void {
    this.#blocks = [...this.#blocks, ...blocks].filter((block) => block.number > finalizedBlock);
  }

  /** Forgets every block above one. */
  dropAbove(number: number): void {
    this.#blocks = this.#blocks.filter((block) => block.number <= number);
  }
}

/** Returns the header that the chain has for a number; null where it has none. */
export type HeaderOf = (number: number) => Promise<BlockHeader | null>;

/** How often a block that must be there is asked for until it counts as not there: nodes behind one URL may lag behind each other. */
export const showings = 3;

/** Asks for a header, and again where the answer is none; null where it stays so. */
export async function askAgain(ask: () => Promise<BlockHeader | null>): Promise<BlockHeader | null> {
  let found: BlockHeader | null = null;
  for (let tries = 1; tries <= showings && found === null; tries++) found = await ask();
  return found;
}

/**
 * Returns the newest remembered block that is still part of the chain; undefined where none is. Canonical blocks are
 * below replaced ones, so a binary search finds the border. What `headerOf` throws of a block that it does not find is thrown.
 */
export async function findAncestor(
  remembered: readonly BlockRef[],
  headerOf: (number: number) => Promise<BlockRef>,
): Promise<BlockRef | undefined> {
  let low = 0;
  let high = remembered.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const block = remembered[middle];
    if (block === undefined) break;
    if ((await headerOf(block.number)).hash === block.hash) low = middle + 1;
    else high = middle;
  }
  return remembered[low - 1];
}

/** No block that is remembered is part of the chain any more: how far back it was reorganised is not known here. */
export class ReorgTooDeepError extends NeedsRewindError {
  /** The replaced block that was found. */
  readonly replaced: number;
  /** True where some tell nothing of it: they may have it still. */
  readonly isUnsure: boolean;

  /** `lack`: the names of those by whose word it was replaced; `silent`: of those that tell nothing of it. */
  constructor(replaced: number, { lack, silent }: Pick<Hearing, 'lack' | 'silent'>) {
    const says = `${lack.join(', ')} ${lack.length === 1 ? 'says' : 'say'} so`;
    const others =
      silent.length === 0 ? '' : `, ${silent.join(', ')} ${silent.length === 1 ? 'tells' : 'tell'} nothing`;
    super(`block ${replaced} was replaced, and so was every block that is remembered; ${says}${others}`);
    this.replaced = replaced;
    this.isUnsure = silent.length > 0;
  }
}
