import type { Knex } from 'knex';
import type { Task } from '../../model/task.js';
import { taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';
import { listTestPipelineIds } from '../pipelines/test-pipeline-store.js';
import { hasBegun } from '../task-steps/has-begun.js';
import { isSilentSql } from '../task-steps/silence.js';
import { selectTasks } from './task-rows.js';

/** What is counted: of which time, and what counts as long. */
export interface StatisticsWindow {
  readonly windowSeconds: number;
  readonly longerThanSeconds: number;
}

/** How many tasks run, and how those that ended of late have ended; those of heartbeat tests are left out. */
export interface TaskStatistics {
  readonly running: number;
  /** Running for longer than the window says. */
  readonly runningLonger: number;
  /** Ended within the window; tasks of shards that never began are none of them. */
  readonly ended: number;
  /** Ended within the window because they were silent for too long. */
  readonly timedOut: number;
  /** The part of the ended that timed out, from 0 to 1; null where none ended. */
  readonly timeoutRate: number | null;
}

/** Counts tasks, by the database's clock; reads the rows that run and those that ended within the window, no others. */
export async function readTaskStatistics(database: Database, window: StatisticsWindow): Promise<TaskStatistics> {
  const { dialect, knex } = database;
  const tests = await listTestPipelineIds(database);
  const [now] = await database.read<{ running: number; longer: number }[]>(() =>
    knex('pipeline_task')
      .where({ status: taskStatus.running })
      .whereNotIn('pipeline_id', tests)
      .select(
        knex.raw('COUNT(*) AS running'),
        knex.raw('COUNT(CASE WHEN ? THEN 1 END) AS longer', [
          dialect.isOlder(knex, 'create_time', window.longerThanSeconds),
        ]),
      ),
  );
  const [late] = await database.read<{ ended: number; timed_out: number }[]>(() =>
    knex('pipeline_task')
      .where('end_time', '>=', dialect.secondsAgo(knex, window.windowSeconds))
      .whereNotIn('pipeline_id', tests)
      // Nobody asked for the task of a shard: where its pipeline's own run read the shard first, there was nothing to run.
      .where((task) => void task.where({ shard: 0 }).orWhere(hasBegun))
      .select(
        knex.raw('COUNT(*) AS ended'),
        knex.raw('COUNT(CASE WHEN end_reason = ? THEN 1 END) AS timed_out', ['timeout']),
      ),
  );
  const { ended = 0, timed_out: timedOut = 0 } = late ?? {};
  const timeoutRate = ended === 0 ? null : timedOut / ended;
  return { running: now?.running ?? 0, runningLonger: now?.longer ?? 0, ended, timedOut, timeoutRate };
}

/**
 * Lists at most `limit` running tasks that have given no sign of life for more than three of their intervals, by id; none of
 * heartbeat tests, and none that an older program left behind: its pipeline went on with a later task, and nothing holds it.
 */
export async function listSilentTasks(
  database: Database,
  { defaultIntervalSeconds, limit }: { readonly defaultIntervalSeconds: number; readonly limit: number },
): Promise<readonly Task[]> {
  const tests = await listTestPipelineIds(database);
  return selectTasks(database, (query) =>
    query
      .where({ status: taskStatus.running })
      .whereNotIn('pipeline_id', tests)
      .whereRaw(isSilentSql(database, defaultIntervalSeconds))
      .where((task) => {
        void task.whereNotExists(laterTask(database, defaultIntervalSeconds));
        for (const held of ['pipeline_checkpoint', 'pipeline_shard']) {
          void task.orWhereIn('id', database.knex(held).whereNotNull('task_id').select('task_id'));
        }
      })
      .orderBy('id')
      .limit(limit),
  );
}

/**
 * Selects what came behind a task, of the same part of the same pipeline, and has ended, or lives: what was stopped before it began
 * says nothing of those before it.
 */
function laterTask(database: Database, defaultIntervalSeconds: number): Knex.QueryBuilder {
  const { knex } = database;
  return knex({ task: 'pipeline_task' })
    .select('task.id')
    .where('task.pipeline_id', knex.ref('pipeline_task.pipeline_id'))
    .where('task.shard', knex.ref('pipeline_task.shard'))
    .where('task.id', '>', knex.ref('pipeline_task.id'))
    .where((task) => {
      void task.where((ended) => {
        void ended.whereIn('task.status', [taskStatus.succeeded, taskStatus.failed]).where(hasBegun);
      });
      void task.orWhere((living) => {
        void living.where('task.status', taskStatus.running);
        void living.whereRaw('NOT (?)', [isSilentSql(database, defaultIntervalSeconds, 'task')]);
      });
    });
}
