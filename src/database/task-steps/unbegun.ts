import type { Knex } from 'knex';
import { unbegun, type RunRequest } from '../../model/run-request.js';
import { taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';
import { livingTasks } from './living-tasks.js';
import { isDelivery, requestIn } from './queue-task.js';
import { isStarted } from './wanted-steps.js';

/** What a task was to begin anew with, and has not. */
interface Unbegun {
  readonly wish: RunRequest;
  /** As its row held it when it was read. */
  readonly runOptions: string;
}

/** The task that a pipeline's checkpoint names. */
export function checkpointTask({ knex }: Database, pipelineId: number): Knex.QueryBuilder {
  return knex({ checkpoint: 'pipeline_checkpoint' })
    .join({ task: 'pipeline_task' }, 'task.id', 'checkpoint.task_id')
    .where('checkpoint.pipeline_id', pipelineId);
}

/** True of a `checkpointTask` that is asked for what was found, still. */
export function isAsFound({ knex, dialect }: Database, { runOptions }: Unbegun): Knex.Raw {
  return dialect.sameAs(knex, 'task.run_options', runOptions);
}

/**
 * Returns what the newest task of a started pipeline was to begin anew with, where it has failed, or fallen silent, before it had,
 * and since the pipeline was started: who stops it gives that up. One that delivers only keeps that of the task before it, however
 * it ends. Null: nothing. `orRuns`: also where it runs, of any pipeline. `isReplaced`: also where it gives signs of life.
 */
export async function findUnbegun(
  database: Database,
  pipelineId: number,
  defaultIntervalSeconds: number,
  { orRuns = false, isReplaced = false } = {},
): Promise<Unbegun | null> {
  const { dialect } = database;
  const [row] = await database.read<{ run_options: string | null }[]>((knex) => {
    const ended = knex.raw('COALESCE(??, ?)', ['task.end_time', dialect.now(knex)]);
    const living = livingTasks(database, pipelineId, defaultIntervalSeconds);
    const isOver = (tasks: Knex.QueryBuilder): void => {
      void tasks
        .where((one) => {
          void one.whereIn('task.status', [taskStatus.running, taskStatus.failed]);
          void one.orWhere((done) => void isDelivery(done, true).whereNot('task.end_reason', 'stopped'));
        })
        .whereExists(isStarted(database, pipelineId).where('since', '<=', ended));
      if (!isReplaced) void tasks.whereNotExists(isDelivery(living, false).select(knex.raw('1')));
    };
    return checkpointTask(database, pipelineId)
      .where((tasks) => {
        void tasks.where(isOver);
        if (orRuns) void tasks.orWhere('task.status', taskStatus.running);
      })
      .select('task.run_options');
  });
  const runOptions = row?.run_options ?? null;
  const wish = unbegun(requestIn(runOptions));
  return runOptions === null || Object.keys(wish).length === 0 ? null : { wish, runOptions };
}
