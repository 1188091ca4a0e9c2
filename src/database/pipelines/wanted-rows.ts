import { hasCommitted, type UnjudgedEnd, type Wanted } from '../../model/wanted.js';
import { toInstant, toInstantOrNull } from '../instant.js';
import { readProgress } from '../read-progress.js';
import { requestIn } from '../task-steps/queue-task.js';

/** A row of `pipeline_wanted`, when its next task is queued, why the task that waits of the pipeline could not be taken, and its checkpoint's version. */
export interface WantedRow {
  readonly pipeline_id: number;
  readonly state: Wanted['state'];
  readonly since: string;
  readonly failures: number;
  readonly starts_at: string | null;
  readonly next_start_of: string | null;
  readonly last_slot: string | null;
  readonly skipped_slot: string | null;
  readonly held_reason: string | null;
  readonly waiting_for: string | null;
  readonly judged_task_id: number | null;
  readonly judged_version: number | null;
  readonly version: number | null;
}

/** A row of `pipeline_wanted` beside the checkpoint and its task. */
export interface UnjudgedRow extends WantedRow {
  readonly task_id: number | null;
  readonly status: number | null;
  readonly end_reason: string | null;
  readonly error: string | null;
  readonly run_options: string | null;
  readonly progress: string | null;
  readonly over_for: number | null;
  readonly heartbeat_interval: number | null;
}

/** Returns what is wanted of a pipeline. */
export function toWanted(row: WantedRow): Wanted {
  return {
    pipelineId: row.pipeline_id,
    state: row.state,
    since: toInstant(row.since),
    failures: row.failures,
    nextStart: toInstantOrNull(row.starts_at),
    isScheduled: row.next_start_of !== null,
    lastSlot: toInstantOrNull(row.last_slot),
    skippedSlot: toInstantOrNull(row.skipped_slot),
    heldReason: row.held_reason,
    waitingFor: row.waiting_for,
    judgedTaskId: row.judged_task_id,
    hasCommitted: hasCommitted(row.version, row.judged_version),
  };
}

/** Returns an end that is yet to be judged. */
export function toUnjudged(row: UnjudgedRow): UnjudgedEnd {
  const progress = readProgress(row.progress);
  const { task_id: id, status, end_reason: endReason, error } = row;
  const overForSeconds = Math.max(0, row.over_for ?? 0);
  return {
    pipelineId: row.pipeline_id,
    failures: row.failures,
    judgedTaskId: row.judged_task_id,
    version: row.version,
    judgedVersion: row.judged_version,
    task:
      id === null || status === null
        ? null
        : {
            ...{ id, status, endReason, error, overForSeconds, nextBlock: progress?.nextBlock ?? null },
            heartbeatInterval: row.heartbeat_interval,
            request: requestIn(row.run_options),
          },
  };
}
