import type { CheckpointStore } from '../database/events/checkpoint-store.js';
import type { Batches } from '../database/events/shard-rows.js';
import type { BlockRef } from '../model/block.js';
import type { Checkpoint } from '../model/checkpoint.js';
import { whenReachable } from './lease.js';
import type { Lease } from './lease.js';

/** What a pipeline has in the database when its source starts. */
export interface Start {
  readonly checkpoint: Checkpoint;
  readonly recentBlocks: readonly BlockRef[];
  /** The newest block that has rows; rows up to it are replaced when their blocks are read again. */
  readonly newestStoredBlock: number;
}

export interface StartParts {
  readonly pipelineId: number;
  readonly lease: Lease;
  readonly batches: Batches;
  readonly checkpoints: Pick<CheckpointStore, 'get' | 'recentBlocks'>;
  readonly signal: AbortSignal;
}

/** Reads where a pipeline stands; pauses while the database is away. */
export function readStart({ pipelineId, lease, batches, checkpoints, signal }: StartParts): Promise<Start> {
  return whenReachable(lease, signal, async () => ({
    checkpoint: await checkpoints.get(pipelineId),
    recentBlocks: await checkpoints.recentBlocks(pipelineId),
    newestStoredBlock: await batches.newestStoredBlock(pipelineId),
  }));
}
