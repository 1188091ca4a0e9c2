import type { Knex } from 'knex';
import { taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';

/**
 * Selects the running tasks of a pipeline, or of that of an outer query, whose last sign of life is not older than three of
 * their heartbeats.
 */
export function livingTasks({ dialect, knex }: Database, pipelineId: number | Knex.Raw): Knex.QueryBuilder {
  const recent = '? <= 3 * COALESCE(living.heartbeat_interval, 30)';
  return knex({ living: 'pipeline_task' })
    .where('living.pipeline_id', pipelineId)
    .where('living.status', taskStatus.running)
    .whereRaw(`(${recent} OR (living.last_heartbeat IS NULL AND ${recent}))`, [
      dialect.secondsSince(knex, 'living.last_heartbeat'),
      dialect.secondsSince(knex, 'living.create_time'),
    ]);
}
