import { taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';
import { isSilentSql, silence } from '../task-steps/silence.js';

/** How silent the running tasks are, by the database's clock. */
export interface TaskSilence {
  /** Running tasks that have given no sign of life for more than three of their heartbeat intervals. */
  readonly silent: number;
  /** Running tasks without any: rows of an older program that name neither a heartbeat nor when they were made. */
  readonly unknown: number;
  /** Seconds since the oldest last sign of life; null where no task runs. */
  readonly longestSeconds: number | null;
}

/** Reads how silent the running tasks are; tasks that name no heartbeat interval are judged by the default. */
export async function readTaskSilence(database: Database, defaultIntervalSeconds: number): Promise<TaskSilence> {
  const [row] = await database.read<{ silent: number; unknown: number; longest: number | null }[]>((knex) =>
    knex('pipeline_task')
      .where({ status: taskStatus.running })
      .select(
        knex.raw('COUNT(CASE WHEN ? THEN 1 END) AS silent', [isSilentSql(database, defaultIntervalSeconds)]),
        knex.raw('COUNT(CASE WHEN ? IS NULL THEN 1 END) AS ??', [silence(database), 'unknown']),
        knex.raw('MAX(?) AS longest', [silence(database)]),
      ),
  );
  const longest = row?.longest ?? null;
  // A sign of life that lies in the future, by a clock that was set or another time zone, is no silence.
  return {
    silent: row?.silent ?? 0,
    unknown: row?.unknown ?? 0,
    longestSeconds: longest === null ? null : Math.max(0, longest),
  };
}
