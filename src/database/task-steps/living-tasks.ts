import type { Knex } from 'knex';
import { taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';
import { isSilentSql } from './silence.js';

/** Selects the running tasks of a pipeline, or of that of an outer query, or of a shard of it, silent or not. */
export function runningTasks(
  { knex }: Database,
  pipelineId: number | Knex.Raw,
  shard: number | Knex.Raw = 0,
): Knex.QueryBuilder {
  return knex({ living: 'pipeline_task' })
    .where('living.pipeline_id', pipelineId)
    .where('living.shard', shard)
    .where('living.status', taskStatus.running);
}

/** Selects the running tasks, as `runningTasks` does, that are not silent; those that name no heartbeat interval go by the default. */
export function livingTasks(
  database: Database,
  pipelineId: number | Knex.Raw,
  defaultIntervalSeconds: number,
  shard: number | Knex.Raw = 0,
): Knex.QueryBuilder {
  return runningTasks(database, pipelineId, shard).whereRaw('NOT (?)', [
    isSilentSql(database, defaultIntervalSeconds, 'living'),
  ]);
}
