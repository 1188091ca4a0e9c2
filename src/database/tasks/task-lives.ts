import type { Knex } from 'knex';
import type { Task } from '../../model/task.js';
import type { Database } from '../database.js';
import { toInstant } from '../instant.js';
import { livingTasks } from '../task-steps/living-tasks.js';
import { selectTasks } from './task-rows.js';

/** Which pipelines: the first so many, or one. */
type Pipelines = { readonly first: number } | { readonly id: number };

/**
 * Lists of each of some pipelines, by id, the task that stands for it: the newest that lives, for it works whoever
 * waits behind it, else the newest of all. Indexes give each of them. Tasks that name no heartbeat interval are judged by the
 * default.
 */
export async function listLatestTasks(
  database: Database,
  of: Pipelines,
  defaultIntervalSeconds: number,
): Promise<readonly Task[]> {
  const rows = await database.read<{ living: number | null; newest: number | null }[]>((knex) => {
    const last = (tasks: Knex.QueryBuilder, id: string): Knex.QueryBuilder =>
      tasks.select(id).orderBy(id, 'desc').limit(1);
    const living = last(livingTasks(database, knex.raw('??', ['pipeline.id']), defaultIntervalSeconds), 'living.id');
    const newest = last(knex('pipeline_task').where('pipeline_id', knex.ref('pipeline.id')).where({ shard: 0 }), 'id');
    const pipelines = knex('pipeline').select({ living, newest });
    return 'id' in of ? pipelines.where(of) : pipelines.orderBy('id').limit(of.first);
  });
  const ids = rows.flatMap(({ living, newest }) => living ?? newest ?? []);
  return ids.length === 0 ? [] : selectTasks(database, (query) => query.whereIn('id', ids).orderBy('id'));
}

/** Lists tasks that were made within some time, the latest first, and those that ended within it, the latest first. */
export async function listTasksOfLate(
  database: Database,
  { seconds, limit }: { readonly seconds: number; readonly limit: number },
): Promise<readonly Task[]> {
  const { knex, dialect } = database;
  const since = dialect.secondsAgo(knex, seconds);
  const of = (order: { readonly column: string; readonly order: string }): Promise<readonly Task[]> =>
    selectTasks(database, (query) => query.where(order.column, '>=', since).orderBy([order]).limit(limit));
  const ended = { column: 'end_time', order: 'desc', ...dialect.nullsLow('desc') };
  const found = [...(await of({ column: 'create_time', order: 'desc' })), ...(await of(ended))];
  return [...new Map(found.map((task) => [task.id, task])).values()];
}

/** Returns the database's time, in its time zone, no suffix. */
export async function readDatabaseTime(database: Database): Promise<string> {
  const { dialect } = database;
  const [row] = await database.read<{ now: string }[]>((knex) => knex.select({ now: dialect.now(knex) }));
  return toInstant(row?.now ?? '');
}
