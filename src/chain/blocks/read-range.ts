import type { BlockHeader, BlockRef } from '../../model/block.js';

/** How often another node might have come before the first of something was asked for, and by the time at which all of it was there. */
export interface Doubts {
  readonly since: number;
  readonly until: number;
}

/** What remains of a range that was read: its last block, below which all of it lies, what it follows, and when that was. */
export interface ReadRange {
  readonly last: BlockRef;
  /** The hash of the block before it, where the answer with it told that. */
  readonly parentHash?: string | undefined;
  /** Left out: nobody knows. */
  readonly doubts?: Doubts | undefined;
}

/** Returns what is to be kept of a range. */
export function readRangeOf({
  from,
  last: { number, hash, parentHash },
  parentHash: told,
  doubts,
}: Omit<ReadRange, 'last'> & { readonly from: number; readonly last: BlockHeader }): ReadRange {
  return { last: { number, hash }, parentHash: number === from ? parentHash : told, doubts };
}

/**
 * Returns the blocks at which ranges that follow each other may be of two chains: the last ones of neighbours between, or in, the
 * readings of which another node might have come, unless the later one tells that it follows the other. One look at both tells: a
 * chain that has them both has all that lies below them. What nobody knows counts as read `now`.
 */
export function seamsIn(ranges: readonly ReadRange[], now: number): BlockRef[] {
  const seams = new Set<BlockRef>();
  for (const [at, next] of ranges.slice(1).entries()) {
    const range = ranges[at] as ReadRange;
    if (next.parentHash === undefined ? !areOfOneNode(range, next, now) : next.parentHash !== range.last.hash)
      seams.add(range.last).add(next.last);
  }
  return [...seams];
}

function areOfOneNode(range: ReadRange, next: ReadRange, now: number): boolean {
  const [one, other] = [range, next].map(({ doubts }) => doubts ?? { since: now, until: now }) as [Doubts, Doubts];
  return Math.min(one.since, other.since) === Math.max(one.until, other.until);
}
