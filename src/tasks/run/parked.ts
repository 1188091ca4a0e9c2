import type { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { TaskStore } from '../../database/tasks/task-store.js';
import type { Checkpoint } from '../../model/checkpoint.js';
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
const beforeRemedy = '; to go on: ';

/** Returns what a run ends with whose rows must be taken back by a person: its hint names the command. */
export function parkingError(pipelineId: number, error: NeedsRewindError): NeedsRewindError {
  const { keeps, message } = error;
  const remedy =
    typeof keeps === 'number'
      ? `chainparse pipeline rewind ${pipelineId} --to-block ${keeps}`
      : `chainparse run-pipeline ${pipelineId} --fresh`;
  return new NeedsRewindError(message, { hint: remedy, cause: error, ...(keeps === undefined ? {} : { keeps }) });
}

/** Returns the error as it is kept with the task: with what a person does about it. */
export function parkingText({ message, hint = '' }: NeedsRewindError): string {
  return `${message}${beforeRemedy}${hint}`;
}

/**
 * Returns why a pipeline is parked; null where it is not. Its newest task says so as long as the checkpoint names that
 * task: a rewind leaves a checkpoint that names nobody.
 */
export function parkedBy(newest: Task | null, checkpoint: Checkpoint | null): Parked | null {
  if (newest?.endReason !== endReason || checkpoint?.taskId !== newest.id) return null;
  const [reason = '', remedy = ''] = (newest.error ?? '').split(beforeRemedy);
  return { taskId: newest.id, reason, remedy };
}

/** How far a pipeline has come, and what keeps it from going on. */
export interface Standing {
  /** Null where no block has been read. */
  readonly checkpoint: Checkpoint | null;
  readonly parked: Parked | null;
}

/** Reads how a pipeline stands. */
export async function readStanding(
  tasks: TaskStore,
  checkpoints: CheckpointStore,
  pipelineId: number,
): Promise<Standing> {
  const checkpoint = await checkpoints.find(pipelineId);
  const parked = parkedBy(await tasks.getNewest(pipelineId), checkpoint);
  return { checkpoint: typeof checkpoint?.blockNumber === 'number' ? checkpoint : null, parked };
}

/** Returns the ids of all pipelines that are parked. */
export async function readParked(checkpoints: CheckpointStore): Promise<ReadonlySet<number>> {
  return new Set(await checkpoints.listHeldBy(endReason));
}

/** Returns the error that a run of a parked pipeline is refused with. */
export function parkedError(pipelineId: number, { taskId, reason, remedy }: Parked): NeedsRewindError {
  return new NeedsRewindError(`pipeline ${pipelineId} is parked since task ${taskId}: ${reason}`, { hint: remedy });
}
