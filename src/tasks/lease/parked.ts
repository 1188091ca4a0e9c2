import type { Database } from '../../database/database.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import { ShardStore } from '../../database/events/shard-store.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { Shard } from '../../model/shard.js';
import type { Task } from '../../model/task.js';
import { NeedsRewindError } from '../../runtime/errors.js';

/** Why a pipeline is parked: only a rewind, or a start elsewhere, lets it go on. */
export interface Parked {
  readonly taskId: number;
  readonly reason: string;
  /** What a person does about it. */
  readonly remedy: string;
}

const endReason = 'needs_rewind';

/** Returns the command that lets a parked pipeline go on; `keepsBlock` is null where no row may be kept. */
export function remedyOf(pipelineId: number, keepsBlock: number | null): string {
  return keepsBlock === null
    ? `chainparse run-pipeline ${pipelineId} --fresh`
    : `chainparse pipeline rewind ${pipelineId} --to-block ${keepsBlock}`;
}

/** Returns what a run ends with whose rows must be taken back by a person: its hint names the command. */
export function parkingError(pipelineId: number, error: NeedsRewindError): NeedsRewindError {
  const { keeps = null, message } = error;
  return new NeedsRewindError(message, { hint: remedyOf(pipelineId, keeps), cause: error, keeps });
}

/**
 * Returns why a pipeline is parked; null where it is not. Its newest task says so as long as the checkpoint names that
 * task: a rewind leaves a checkpoint that names nobody.
 */
export function parkedBy(newest: Task | null, checkpoint: Checkpoint | null): Parked | null {
  if (newest?.endReason !== endReason || checkpoint?.taskId !== newest.id) return null;
  const { id, pipelineId, error, keepsBlock } = newest;
  return { taskId: id, reason: error ?? '', remedy: remedyOf(pipelineId, keepsBlock) };
}

/** How far a pipeline has come, and what keeps it from going on. */
export interface Standing {
  /** Null where no block has been read. */
  readonly checkpoint: Checkpoint | null;
  readonly parked: Parked | null;
  /** What other tasks read ahead of the checkpoint. */
  readonly shards: readonly Shard[];
}

/** Reads how a pipeline stands. */
export async function readStanding(database: Database, pipelineId: number): Promise<Standing> {
  const [tasks, checkpoints] = [new TaskStore(database), new CheckpointStore(database)];
  const checkpoint = await checkpoints.find(pipelineId);
  const shards = await new ShardStore(database).list(pipelineId);
  const parked = parkedBy(await tasks.getNewest(pipelineId), checkpoint);
  return { checkpoint: typeof checkpoint?.blockNumber === 'number' ? checkpoint : null, parked, shards };
}

/** Returns the ids of all pipelines that are parked. */
export async function readParked(checkpoints: CheckpointStore): Promise<ReadonlySet<number>> {
  return new Set(await checkpoints.listHeldBy(endReason));
}

/** Returns the error that a run of a parked pipeline is refused with. */
export function parkedError(pipelineId: number, { taskId, reason, remedy }: Parked): NeedsRewindError {
  return new NeedsRewindError(`pipeline ${pipelineId} is parked since task ${taskId}: ${reason}`, { hint: remedy });
}
