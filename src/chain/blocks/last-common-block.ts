import type { BlockRef } from '../../model/block.js';
import type { HeaderOf } from './reorg.js';

/** Returns the newest stored block, by its rows, that is not above a number; null where there is none. */
export type StoredBlock = (atMost: number) => Promise<BlockRef | null>;

/**
 * Returns the newest stored block below `replaced`, from block `first` on, that is still part of the chain; null where none
 * is. The chain has what is below such a block, and nothing of what is above a replaced one: a binary search finds the border.
 */
export async function lastCommonBlock(
  { first, replaced }: { readonly first: number; readonly replaced: number },
  storedBlock: StoredBlock,
  headerOf: HeaderOf,
): Promise<BlockRef | null> {
  let common: BlockRef | null = null;
  let low = first - 1;
  let high = replaced;
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    const block = await storedBlock(middle);
    // Without rows there is nothing that could be wrong.
    if (block === null || block.number <= low) low = middle;
    else if ((await headerOf(block.number))?.hash === block.hash) [common, low] = [block, middle];
    else high = block.number;
  }
  return common;
}
