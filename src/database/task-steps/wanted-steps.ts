import type { Knex } from 'knex';
import { taskStatus } from '../../model/task.js';
import { longestWaitSeconds } from '../../model/wanted.js';
import type { Database, Query } from '../database.js';

const table = 'pipeline_wanted';

/** What a start by a person, or anything else that mends, sets back. */
export const nothingWrong = {
  ...{ failures: 0, held_reason: null, judged_task_id: null, judged_version: null },
  next_start_of: null,
} as const;

/** True of a row of which a task is to be queued by now. */
export function isDue(database: Database): Knex.Raw {
  const { knex, dialect } = database;
  return knex.raw('(?? <= ? OR ?)', ['next_start', dialect.now(knex), isPutOffTooFar(database)]);
}

/** When a task is queued; null: none is due. */
export function nextStart(database: Database): Knex.Raw {
  const { knex, dialect } = database;
  return knex.raw('CASE WHEN ? THEN ? ELSE ?? END', [isPutOffTooFar(database), dialect.now(knex), 'next_start']);
}

/** No other try waits for so long, unless the database's clock was set back meanwhile; a time of a schedule may. */
function isPutOffTooFar({ knex, dialect }: Database): Knex.Raw {
  const isAhead = dialect.isAhead(knex, 'next_start', longestWaitSeconds);
  return knex.raw('(?? IS NULL AND ?)', ['next_start_of', isAhead]);
}

/** A step that wants a started pipeline to run no more. */
export function wantStopped({ knex, dialect }: Database, pipelineId: number | Knex.QueryBuilder): Query {
  return knex(table)
    .where('pipeline_id', pipelineId)
    .where({ state: 'started' })
    .update({ state: 'stopped', since: dialect.now(knex), next_start: null, ...nothingWrong });
}

/**
 * Steps that let a started pipeline go on which had waited for a person, or for another try: it is due at once. One that waits for
 * a time of its schedule still does. Of one that waits for neither, the end of the task that it has, judged later, holds it not.
 */
export function letGo({ knex, dialect }: Database, pipelineId: number): readonly Query[] {
  const started = knex(table).where({ pipeline_id: pipelineId, state: 'started' });
  const held = knex('pipeline_checkpoint').select('task_id').where({ pipeline_id: pipelineId });
  // What waits already will know what was mended; the task before it may be one that it is taken back for.
  const queued = knex('pipeline_task').where({ pipeline_id: pipelineId, shard: 0, status: taskStatus.queued });
  return [
    started
      .clone()
      .whereNotExists(queued.select(knex.raw('1')))
      .update({ judged_task_id: held }),
    started
      .whereNull('next_start_of')
      .where((waits) => void waits.whereNotNull('held_reason').orWhereNotNull('next_start'))
      .update({ next_start: dialect.now(knex), ...nothingWrong }),
  ];
}

/** A step that has a started pipeline wait for a person. */
export function holdStarted({ knex }: Database, pipelineId: number, reason: string): Query {
  return knex(table)
    .where({ pipeline_id: pipelineId, state: 'started' })
    .update({ held_reason: reason, next_start: null });
}

/** A step that ends the tasks of a pipeline that run or wait because a person said so. */
export function endOpenTasks(database: Database, pipelineId: number): Knex.QueryBuilder {
  const tasks = database.knex('pipeline_task').where({ pipeline_id: pipelineId });
  return tasks.whereIn('status', [taskStatus.running, taskStatus.queued]).update(stopped(database));
}

/** As `endOpenTasks`, but of the pipeline's shards alone. */
export function endOpenShards(database: Database, pipelineId: number): Knex.QueryBuilder {
  return endOpenTasks(database, pipelineId).where('shard', '>', 0);
}

/** What becomes of a task that ends because a person said so. */
export function stopped({ knex, dialect }: Database): Record<string, unknown> {
  return { status: taskStatus.succeeded, end_time: dialect.now(knex), end_reason: 'stopped', error: null };
}

/** Steps that stop a pipeline if it is started, with its tasks; runs of one that is not are left alone. */
export function stopIfStarted(database: Database, pipelineId: number): readonly Query[] {
  const started = isStarted(database, pipelineId);
  return [endOpenTasks(database, pipelineId).whereExists(started), wantStopped(database, pipelineId)];
}

/** Finds a row where a pipeline is wanted to run. */
export function isStarted({ knex }: Database, pipelineId: number): Knex.QueryBuilder {
  return knex(table).select(knex.raw('1')).where({ pipeline_id: pipelineId, state: 'started' });
}
