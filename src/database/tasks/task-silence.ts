import { taskStatus } from '../../model/task.js';
import { toleratedAheadSeconds } from '../../runtime/silence.js';
import type { Database } from '../database.js';
import { listTestPipelineIds } from '../pipelines/test-pipeline-store.js';
import { isSilentSql, silence } from '../task-steps/silence.js';

/** How silent the running tasks are, by the database's clock; those of heartbeat tests are left out. */
export interface TaskSilence {
  /** Running tasks that have given no sign of life for more than three of their heartbeat intervals. */
  readonly silent: number;
  /** Running tasks of which that is not known: they gave none ever, or one that lies ahead of the database's clock. */
  readonly unknown: number;
  /** Seconds since the oldest last sign of life that is known; null where there is none. */
  readonly longestSeconds: number | null;
}

/** Reads how silent the running tasks are; tasks that name no heartbeat interval are judged by the default. */
export async function readTaskSilence(database: Database, defaultIntervalSeconds: number): Promise<TaskSilence> {
  const tests = await listTestPipelineIds(database);
  const [row] = await database.read<{ silent: number; known: number; running: number; longest: number | null }[]>(
    (knex) => {
      const known = knex.raw('CASE WHEN ? >= ? THEN ? END', [
        silence(database),
        -toleratedAheadSeconds,
        silence(database),
      ]);
      return knex('pipeline_task')
        .where({ status: taskStatus.running })
        .whereNotIn('pipeline_id', tests)
        .select(
          knex.raw('COUNT(CASE WHEN ? THEN 1 END) AS silent', [isSilentSql(database, defaultIntervalSeconds)]),
          knex.raw('COUNT(?) AS known, COUNT(*) AS ??', [known, 'running']),
          knex.raw('MAX(?) AS longest', [known]),
        );
    },
  );
  const { silent, known, running, longest } = row ?? { silent: 0, known: 0, running: 0, longest: null };
  return { silent, unknown: running - known, longestSeconds: longest === null ? null : Math.max(0, longest) };
}
