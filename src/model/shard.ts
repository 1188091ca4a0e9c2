import type { BlockRef } from './block.js';

/** A stretch of a pipeline's history that a task of its own reads, as far as that task has come. */
export interface Shard {
  readonly pipelineId: number;
  /** From 2 on: the first stretch is the pipeline's own. */
  readonly number: number;
  readonly chainId: number;
  /** What it is read by: another definition would find other events. */
  readonly definition: string;
  /** The last block before the stretch. */
  readonly after: BlockRef;
  readonly toBlock: number;
  /** The version that its events have, and that the checkpoint takes when it joins. */
  readonly added: number;
  /** The task that holds it; null before the first. */
  readonly taskId: number | null;
  /** The last block that has been read; `after`: none. */
  readonly block: BlockRef;
  /** Events that have been committed. */
  readonly events: number;
  /** Grows by one with every commit. */
  readonly version: number;
  /** It never joins: its rows are on their way out. */
  readonly isDropped: boolean;
}

/** A part of what is to be read, behind a block whose hash is known. */
export interface Stretch {
  readonly after: BlockRef;
  readonly toBlock: number;
}

/** How a history is cut: what lies before the first stretch is left to the pipeline's own task. */
export interface HistoryCut {
  /** The first block that is to be read. */
  readonly fromBlock: number;
  /** Ascending, each right behind the one before. */
  readonly stretches: readonly Stretch[];
}

/** Says whether a shard has come to its end. */
export function isRead({ block, toBlock }: Shard): boolean {
  return block.number >= toBlock;
}
