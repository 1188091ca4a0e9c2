import type { Knex } from 'knex';
import { taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';
import { isSilentSql, silenceLimitSql } from './silence.js';

/**
 * Selects the running tasks of a pipeline, or of that of an outer query, or of a shard of it, or of all its shards, too, that are not
 * silent; those that name no heartbeat interval go by the default. Where runs could be heard for so many seconds only, nobody counts
 * as silent of whom fewer than three heartbeats were to come in that time.
 */
export function livingTasks(
  database: Database,
  pipelineId: number | Knex.Raw,
  defaultIntervalSeconds: number,
  shard: number | Knex.Raw | 'any' = 0,
  heardForSeconds = Infinity,
): Knex.QueryBuilder {
  const { knex } = database;
  const isSilent = isSilentSql(database, defaultIntervalSeconds, 'living');
  const limit = silenceLimitSql(database, defaultIntervalSeconds, 'living');
  return knex({ living: 'pipeline_task' })
    .where('living.pipeline_id', pipelineId)
    .where((living) => void (shard === 'any' || living.where('living.shard', shard)))
    .where('living.status', taskStatus.running)
    .where((living) => {
      void living.whereRaw('NOT (?)', [isSilent]);
      if (Number.isFinite(heardForSeconds)) void living.orWhereRaw('? < ?', [heardForSeconds, limit]);
    });
}
