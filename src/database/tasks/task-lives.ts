import type { Task } from '../../model/task.js';
import type { Database } from '../database.js';
import { toInstant } from '../instant.js';
import { selectTasks } from './task-rows.js';

/** Lists the newest task of its own of each of the first `limit` pipelines, by id; an index gives each of them. */
export async function listNewestTasks(database: Database, limit: number): Promise<readonly Task[]> {
  const rows = await database.read<{ newest: number | null }[]>((knex) => {
    const own = knex('pipeline_task').where('pipeline_id', knex.ref('pipeline.id')).where({ shard: 0 });
    const newest = own.select('id').orderBy('id', 'desc').limit(1);
    return knex('pipeline').select({ newest }).orderBy('id').limit(limit);
  });
  const ids = rows.flatMap(({ newest }) => (newest === null ? [] : [newest]));
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
