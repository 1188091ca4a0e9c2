import { taskStatus } from '../../model/task.js';
import type { Database, Query } from '../database.js';
import type { Statement } from '../script.js';
import { isSilentOver } from './silence.js';

/** A running task that is ended because somebody else takes its pipeline. */
export interface Replaced {
  readonly taskId: number;
  /** Only if it has given no sign of life for surely more than so many seconds; null: however alive it is. */
  readonly silentForSeconds: number | null;
  /** Why, for people; kept in the task's `error`. */
  readonly reason: string;
}

/** Returns the steps that end a task as taken over, and older ones of its pipeline, or shard, with it; a fence is among them. */
export function endReplaced(
  database: Database,
  pipelineId: number,
  replaced: Replaced,
  shard = 0,
): readonly (Query | Statement)[] {
  const { knex, dialect } = database;
  const ended = {
    status: taskStatus.failed,
    end_time: dialect.now(knex),
    end_reason: 'taken_over',
    error: replaced.reason,
  };
  const newest = knex('pipeline_task').where({ id: replaced.taskId, status: taskStatus.running });
  if (replaced.silentForSeconds !== null) void newest.whereRaw(isSilentOver(database, replaced.silentForSeconds));
  const older = knex('pipeline_task')
    .where({ pipeline_id: pipelineId, shard, status: taskStatus.running })
    .where('id', '<', replaced.taskId);
  return [database.fenced(newest.update(ended)), older.update(ended)];
}
