import type { Knex } from 'knex';
import type { Progress, Task } from '../../model/task.js';
import type { Waiting } from '../../model/waiting.js';
import type { Database } from '../database.js';
import { toInstantOrNull } from '../instant.js';
import { readProgress } from '../read-progress.js';
import { requestIn } from '../task-steps/queue-task.js';
import { readWaiting } from './read-waiting.js';

/** How to write the limit of what is read often: SQLite plans a statement whose limit is bound anew each time it runs. */
export const inText = { skipBinding: true } as const;

/** Narrows a query of tasks. */
export type NarrowTasks = (query: Knex.QueryBuilder) => Knex.QueryBuilder;

/** Reads tasks, with their ages by the database's clock. */
export async function selectTasks(database: Database, narrow: NarrowTasks): Promise<readonly Task[]> {
  const rows = await database.read<TaskRow[]>(() => tasksQuery(database, narrow));
  const waiting = await readWaiting(database, rows);
  return rows.map((row) => toTask(row, waiting.get(row.id) ?? null));
}

/** The query that `selectTasks` runs. */
export function tasksQuery({ dialect, knex }: Database, narrow: NarrowTasks): Knex.QueryBuilder {
  return narrow(
    knex('pipeline_task').select(
      '*',
      knex.raw('? AS heartbeat_age', [dialect.secondsSince(knex, 'last_heartbeat')]),
      knex.raw('? AS create_age', [dialect.secondsSince(knex, 'create_time')]),
    ),
  );
}

/** A sign of life of a task; its progress where that has moved. */
export interface Beat {
  readonly taskId: number;
  readonly progress: Progress | null;
}

/** Each task's own progress, in one statement for all. */
export function keptProgress(knex: Knex, beats: readonly Beat[]): Record<string, Knex.Raw> {
  const moved = beats.filter(({ progress }) => progress !== null);
  if (moved.length === 0) return {};
  const cases = 'WHEN ? THEN ? '.repeat(moved.length);
  const bindings = moved.flatMap(({ taskId, progress }) => [taskId, JSON.stringify(progress)]);
  return { progress: knex.raw(`CASE id ${cases}ELSE progress END`, bindings) };
}

interface TaskRow {
  id: number;
  pipeline_id: number;
  shard: number;
  status: number;
  create_time: string | null;
  last_heartbeat: string | null;
  log_path: string | null;
  worker: string | null;
  worker_identity: string | null;
  heartbeat_interval: number | null;
  timeout_minutes: number | null;
  end_time: string | null;
  end_reason: string | null;
  error: string | null;
  keeps_block: number | null;
  progress: string | null;
  waiting_for: string | null;
  run_options: string | null;
  heartbeat_age: number | null;
  create_age: number | null;
}

function toTask(row: TaskRow, waiting: Waiting | null): Task {
  return {
    id: row.id,
    pipelineId: row.pipeline_id,
    status: row.status,
    createTime: toInstantOrNull(row.create_time),
    lastHeartbeat: toInstantOrNull(row.last_heartbeat),
    logPath: row.log_path === '' ? null : row.log_path,
    worker: row.worker,
    workerIdentity: row.worker_identity,
    heartbeatInterval: row.heartbeat_interval,
    timeoutMinutes: row.timeout_minutes,
    endTime: toInstantOrNull(row.end_time),
    endReason: row.end_reason,
    error: row.error,
    keepsBlock: row.keeps_block,
    progress: readProgress(row.progress, row.last_heartbeat),
    heartbeatAgeSeconds: row.heartbeat_age,
    silentSeconds: row.heartbeat_age ?? row.create_age ?? 0,
    waiting,
    ...(requestIn(row.run_options).deliverOnly === true ? { deliversOnly: true } : {}),
    ...(row.shard === 0 ? {} : { shard: row.shard }),
  };
}
