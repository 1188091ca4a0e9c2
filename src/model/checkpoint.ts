import type { BlockRef } from './block.js';

/** How far a pipeline has come: the last block whose events are committed, and who may move it. */
export interface Checkpoint {
  readonly pipelineId: number;
  /** The task that holds the pipeline; null before the first. */
  readonly taskId: number | null;
  readonly chainId: number | null;
  /** The first block of the unbroken stretch that ends at `blockNumber`; null before the first commit. */
  readonly startBlock: number | null;
  readonly blockNumber: number | null;
  readonly blockHash: string | null;
  /** Grows by one with every commit, so that a commit that arrives late or twice changes nothing. */
  readonly version: number;
}

/**
 * Returns the first block of which rows may have to go where the chain replaces blocks: that of the stretch. Where blocks below it are
 * remembered (ascending) rows of theirs may, too, and nobody knows from which block on these were read.
 */
export function firstReadBlock(startBlock: number, remembered: readonly BlockRef[]): number {
  return (remembered[0]?.number ?? startBlock) < startBlock ? 0 : startBlock;
}
