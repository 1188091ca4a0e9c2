import type { Knex } from 'knex';
import { deliveryRequest, unbegun, type RunRequest } from '../../model/run-request.js';
import { taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';
import { livingTasks } from '../task-steps/living-tasks.js';
import { isDelivery } from '../task-steps/queue-task.js';
import { isStarted } from '../task-steps/wanted-steps.js';
import { requestIn } from './wanted-rows.js';

/** What a task was to begin anew with, and has not. */
interface Unbegun {
  readonly wish: RunRequest;
  readonly taskId: number;
  /** As its row held it when it was read. */
  readonly runOptions: string;
  /** The task that the checkpoint named then. */
  readonly holder: number;
}

/** The task that a pipeline's checkpoint names. */
export function checkpointTask({ knex }: Database, pipelineId: number): Knex.QueryBuilder {
  return knex({ checkpoint: 'pipeline_checkpoint' })
    .join({ task: 'pipeline_task' }, 'task.id', 'checkpoint.task_id')
    .where('checkpoint.pipeline_id', pipelineId);
}

/** Finds a row as long as all is as it was found: who holds the pipeline, and what the task is asked for. */
export function asFound(
  database: Database,
  pipelineId: number,
  { taskId, runOptions, holder }: Unbegun,
): Knex.QueryBuilder {
  const { knex, dialect } = database;
  const named = checkpointTask(database, pipelineId).where('task.id', holder);
  return knex({ asked: 'pipeline_task' })
    .where('asked.id', taskId)
    .whereRaw(dialect.sameAs(knex, 'asked.run_options', runOptions))
    .whereExists(named.select(knex.raw('1')))
    .select(knex.raw('1'));
}

/**
 * Returns what the newest task of a started pipeline was to begin anew with, where it has failed, or fallen silent, before it had,
 * and since the pipeline was started: who stops it gives that up. Behind one that only delivers, as between two times of a schedule,
 * it is the one whose end was judged last. Null: nothing. `orRuns`: also where it runs, of any pipeline.
 */
export async function findUnbegun(
  database: Database,
  pipelineId: number,
  defaultIntervalSeconds: number,
  { orRuns = false } = {},
): Promise<Unbegun | null> {
  const { dialect } = database;
  const [row] = await database.read<{ id: number; run_options: string | null; holder: number }[]>((knex) => {
    const ended = knex.raw('COALESCE(??, ?)', ['task.end_time', dialect.now(knex)]);
    const living = isDelivery(livingTasks(database, pipelineId, defaultIntervalSeconds), false).select(knex.raw('1'));
    const isOver = (tasks: Knex.QueryBuilder): void =>
      void tasks
        .whereIn('task.status', [taskStatus.running, taskStatus.failed])
        .whereExists(isStarted(database, pipelineId).where('since', '<=', ended))
        .whereNotExists(living);
    const delivers = ['holder.run_options', deliveryRequest, 'wanted.judged_task_id', 'holder.id'];
    return knex({ checkpoint: 'pipeline_checkpoint' })
      .join({ holder: 'pipeline_task' }, 'holder.id', 'checkpoint.task_id')
      .leftJoin({ wanted: 'pipeline_wanted' }, 'wanted.pipeline_id', 'checkpoint.pipeline_id')
      .join({ task: 'pipeline_task' }, 'task.id', knex.raw('CASE WHEN ?? = ? THEN ?? ELSE ?? END', delivers))
      .where('checkpoint.pipeline_id', pipelineId)
      .where((tasks) => {
        void tasks.where(isOver);
        if (orRuns) void tasks.orWhere('task.status', taskStatus.running);
      })
      .select('task.id', 'task.run_options', { holder: 'holder.id' });
  });
  if (row === undefined || row.run_options === null) return null;
  const { id: taskId, run_options: runOptions, holder } = row;
  const wish = unbegun(requestIn(runOptions));
  return Object.keys(wish).length === 0 ? null : { wish, taskId, runOptions, holder };
}
