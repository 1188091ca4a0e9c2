import type { Knex } from 'knex';
import { taskStatus, type Task } from '../../model/task.js';
import type { Database } from '../database.js';
import { toInstant } from '../instant.js';
import { hasBegun } from '../task-steps/has-begun.js';
import { livingTasks } from '../task-steps/living-tasks.js';
import { selectTasks } from './task-rows.js';

/** Which pipelines: the first so many, or one. */
type Pipelines = { readonly first: number } | { readonly id: number };

/**
 * Lists of each of some pipelines, by id, the task that stands for it: the newest that lives, for it works whoever
 * waits behind it, else the silent one that still holds it, else the newest of all. One that somebody stopped before it began has
 * changed nothing, and stands only where there is no other. Indexes give each of them. Tasks that name no heartbeat interval are judged by the default.
 */
export async function listLatestTasks(
  database: Database,
  of: Pipelines,
  defaultIntervalSeconds: number,
): Promise<readonly Task[]> {
  const rows = await database.read<Candidates[]>((knex) => {
    const last = (tasks: Knex.QueryBuilder, id: string): Knex.QueryBuilder =>
      tasks.select(id).orderBy(id, 'desc').limit(1);
    const living = last(livingTasks(database, knex.raw('??', ['pipeline.id']), defaultIntervalSeconds), 'living.id');
    const own = (): Knex.QueryBuilder =>
      knex('pipeline_task').where('pipeline_id', knex.ref('pipeline.id')).where({ shard: 0 });
    const newest = knex.raw('COALESCE((?), (?))', [last(own().where(hasBegun), 'id'), last(own(), 'id')]);
    const named = knex('pipeline_checkpoint').select('task_id').where('pipeline_id', knex.ref('pipeline.id'));
    const pipelines = knex('pipeline').select({ living, newest, named });
    return 'id' in of ? pipelines.where(of) : pipelines.orderBy('id').limit(of.first);
  });
  const ids = rows.flatMap(({ living, newest, named }) => living ?? [newest, named].filter((id) => id !== null));
  if (ids.length === 0) return [];
  const tasks = await selectTasks(database, (query) => query.whereIn('id', [...new Set(ids)]).orderBy('id'));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const standing = rows.map(({ living, newest, named }) =>
    living === null ? laterOf(byId.get(newest ?? 0), byId.get(named ?? 0)) : byId.get(living),
  );
  return standing.filter((task) => task !== undefined).toSorted((a, b) => a.id - b.id);
}

/** The tasks of a pipeline that may stand for it; null: there is none. */
interface Candidates {
  readonly living: number | null;
  readonly newest: number | null;
  /** The one that the checkpoint names. */
  readonly named: number | null;
}

/**
 * Whoever holds the pipeline goes before what waits behind it, however silent. Ids tell which is newer, but a task that had waited
 * may have begun after one with a higher id: then it has ended later.
 */
function laterOf(newest: Task | undefined, named: Task | undefined): Task | undefined {
  if (named === undefined || newest === undefined || named.pipelineId !== newest.pipelineId) return newest;
  if (named.status === taskStatus.running && newest.status !== taskStatus.running) return named;
  if (named.endTime === null || newest.endTime === null) return newest;
  // What was refused before it began may have ended in the same second as the run before it.
  const isOfOneSecond = named.endTime === newest.endTime && newest.worker !== null;
  return named.endTime > newest.endTime || isOfOneSecond ? named : newest;
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
