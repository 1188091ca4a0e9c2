import type { BlockRef } from './block.js';
import type { ChainEvent, UndecodedLog } from './event.js';
import type { EarlyRows, FoundChildren } from './factory-child.js';

/** All that blocks `fromBlock` to `toBlock` hold for a pipeline; committed whole or not at all. */
export interface EventBatch {
  readonly kind: 'events';
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly toHash: string;
  readonly events: readonly ChainEvent[];
  readonly undecoded: readonly UndecodedLog[];
  /** Blocks of the range above the finalized block, ascending: their hashes are remembered to notice reorgs. */
  readonly recentBlocks: readonly BlockRef[];
  /** Remembered blocks up to this number can be forgotten: the chain can't replace them any more. */
  readonly finalizedBlock: number;
  /** Children of a factory that were found in these blocks. */
  readonly found?: FoundChildren;
  /** Children of which it holds rows of blocks below their announcement. */
  readonly early?: readonly EarlyRows[];
}

/** Children of a factory that were found ahead of the blocks that are read. */
export interface ChildrenMessage extends FoundChildren {
  readonly kind: 'children';
}

/** What blocks below the checkpoint hold of children that were found later. */
export interface EarlierBatch {
  readonly kind: 'earlier';
  readonly fromBlock: number;
  readonly toBlock: number;
  /** Whose rows of these blocks they are, all of them; in lower case. */
  readonly addresses: readonly string[];
  readonly events: readonly ChainEvent[];
  readonly undecoded: readonly UndecodedLog[];
  readonly early: readonly EarlyRows[];
}

/** The chain replaced every block above `ancestor`: what was stored above it must be taken back. */
export interface RollbackMessage {
  readonly kind: 'rollback';
  readonly ancestor: BlockRef;
  /** Children of a factory that were announced above this block go; the ancestor where nothing is said. */
  readonly childrenUpTo?: number;
  /** Their rows of blocks below this one stay: nothing reads them anew. All go where nothing is said. */
  readonly childRowsFrom?: number;
}

/** What a source sends down the pipeline, in the order in which it must be committed. */
export type SourceMessage = EventBatch | RollbackMessage | ChildrenMessage | EarlierBatch;
