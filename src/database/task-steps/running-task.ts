import type { Knex } from 'knex';
import type { Holder } from '../../model/task.js';
import { taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';

/**
 * Narrows to tasks that run and are still their holder's; null: whoever holds them. The id alone does not say so: a replica that is
 * promoted without the last claims gives their ids to other processes.
 */
export function runningTask({ knex }: Database, holder: Holder | null): Knex.QueryBuilder {
  const running = knex('pipeline_task').where({ status: taskStatus.running });
  return holder === null ? running : running.where({ worker: holder.name, worker_identity: holder.identity });
}
