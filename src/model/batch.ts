import type { BlockRef } from './block.js';
import type { ChainEvent, UndecodedLog } from './event.js';

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
}

/** The chain replaced every block above `ancestor`: what was stored above it must be taken back. */
export interface RollbackMessage {
  readonly kind: 'rollback';
  readonly ancestor: BlockRef;
}

/** What a source sends down the pipeline, in the order in which it must be committed. */
export type SourceMessage = EventBatch | RollbackMessage;
