import type { Knex } from 'knex';
import type { Holder } from '../../model/task.js';
import { taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';

/**
 * Narrows to tasks of a holder, also such as have ended; null: of whoever holds them. The id alone does not say so: a replica that
 * is promoted without the last claims gives their ids to other processes.
 */
export function heldTask({ knex }: Database, holder: Holder | null): Knex.QueryBuilder {
  const tasks = knex('pipeline_task');
  return holder === null ? tasks : tasks.where({ worker: holder.name, worker_identity: holder.identity });
}

/** Narrows to those that run. */
export function runningTask(database: Database, holder: Holder | null): Knex.QueryBuilder {
  return heldTask(database, holder).where({ status: taskStatus.running });
}
