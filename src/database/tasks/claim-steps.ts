import type { RunRequest } from '../../model/run-request.js';
import { taskStatus } from '../../model/task.js';
import type { Database, Query } from '../database.js';
import { newEpoch } from '../events/checkpoint-store.js';
import type { Statement } from '../script.js';
import { endReplaced } from '../task-steps/end-replaced.js';
import type { Replaced } from '../task-steps/end-replaced.js';
import { ofDefinition, storedRequest } from '../task-steps/queue-task.js';
import { findUnbegun } from '../task-steps/unbegun.js';
import type { Asked } from './task-queue.js';

const table = 'pipeline_task';

export interface ClaimRequest {
  readonly pipelineId: number;
  /** The shard of its history that the task reads; left out, or 0: it is the pipeline's own task. */
  readonly shard?: number | undefined;
  /** The task that the checkpoint, or the shard, names now; the claim fails where it names another by then. */
  readonly holder: number | null;
  readonly replaces: Replaced | null;
  readonly worker: string;
  readonly workerIdentity: string | null;
  readonly heartbeatIntervalSeconds: number;
  readonly timeoutMinutes: number | null;
  /** The log's path without the task's id and `.log`. */
  readonly logPathPrefix: string;
  /** The task that has waited and begins now; left out: a new one is made. */
  readonly queuedTaskId?: number | undefined;
  /** What it was found to be asked; the claim fails where it is asked for something else, or by another definition, by then. */
  readonly asked?: Asked | undefined;
  /** What a task is asked to run with that is made now; one that has waited keeps what it was asked for. */
  readonly run?: RunRequest | undefined;
  /** What a task that delivers only keeps for who reads next. */
  readonly unbegun?: RunRequest | undefined;
  /** The pipeline has sinks: events that are taken away are kept for them, by whomever, until the next claim. */
  readonly keepsRemoved?: boolean | undefined;
}

/**
 * Returns what a task is to be claimed with: one that delivers only becomes the holder in place of one that may have been to begin anew, and
 * notes that for who reads next. The claim fails where another holds the pipeline by then, or who is silent has beaten, as who begins does.
 */
export async function withUnbegun<T extends ClaimRequest>(database: Database, request: T): Promise<T> {
  const { asked, pipelineId, heartbeatIntervalSeconds } = request;
  if (asked?.request.deliverOnly !== true) return request;
  const left = await findUnbegun(database, pipelineId, heartbeatIntervalSeconds, { isReplaced: true });
  return left === null ? request : { ...request, unbegun: left.wish };
}

/** Ends what a claim replaces. */
export function endSteps(
  database: Database,
  { pipelineId, shard, replaces }: ClaimRequest,
): readonly (Query | Statement)[] {
  return replaces === null ? [] : endReplaced(database, pipelineId, replaces, shard);
}

/** Inserts a task's row, or begins the one that has waited, and names it in the checkpoint, or in the shard. */
export function claimSteps(database: Database, request: ClaimRequest): readonly (Query | Statement)[] {
  return [...beginTask(database, request), database.fenced(nameTask(database, request))];
}

function nameTask(
  { knex, dialect }: Database,
  { queuedTaskId, pipelineId, shard = 0, holder, keepsRemoved }: ClaimRequest,
): Query {
  const id = queuedTaskId ?? dialect.lastInsertId(knex, table);
  const isNamed = dialect.sameAs(knex, 'task_id', holder);
  if (shard !== 0) {
    const row = knex('pipeline_shard').where({ pipeline_id: pipelineId, shard, dropped: 0 });
    return row.whereRaw(isNamed).update({ task_id: id });
  }
  return knex('pipeline_checkpoint')
    .where({ pipeline_id: pipelineId })
    .whereRaw(isNamed)
    .update({
      task_id: id,
      // A program that is not ours may have made the checkpoint.
      epoch: knex.raw('COALESCE(??, ?)', ['epoch', newEpoch()]),
      keeps_removed: keepsRemoved === true ? 1 : 0,
    })
    .increment('claim', 1);
}

function beginTask(database: Database, request: ClaimRequest): readonly (Query | Statement)[] {
  const { knex, dialect } = database;
  const { queuedTaskId: queued, asked, unbegun, pipelineId, shard = 0, logPathPrefix, timeoutMinutes } = request;
  const now = dialect.now(knex);
  const running = {
    status: taskStatus.running,
    worker: request.worker,
    worker_identity: request.workerIdentity,
    heartbeat_interval: request.heartbeatIntervalSeconds,
    timeout_minutes: timeoutMinutes,
  };
  if (queued !== undefined) {
    const row = knex(table).where({ id: queued, pipeline_id: pipelineId, shard, status: taskStatus.queued });
    if (asked !== undefined) {
      void row.whereRaw(dialect.sameAs(knex, 'run_options', asked.runOptions));
      void ofDefinition(database, row, pipelineId, asked.definition);
    }
    const options = unbegun === undefined ? {} : { run_options: storedRequest({ deliverOnly: true, unbegun }) };
    // It was made when it began to wait: without a heartbeat it would be as silent as it is old.
    const beats = { last_heartbeat: now, waiting_for: null, log_path: `${logPathPrefix}${queued}.log` };
    return [database.fenced(row.update({ ...running, ...options, ...beats }))];
  }
  const logPath = dialect.aroundLastInsertId(knex, table, logPathPrefix, '.log');
  return [
    knex(table).insert({
      ...{ ...running, pipeline_id: pipelineId, shard, create_time: now, log_path: '' },
      run_options: shard === 0 ? storedRequest(request.run ?? {}) : null,
    }),
    knex(table)
      .where({ id: dialect.lastInsertId(knex, table) })
      .update({ log_path: logPath }),
  ];
}
