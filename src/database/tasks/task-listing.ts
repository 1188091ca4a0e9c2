import type { Knex } from 'knex';
import { taskStatus, type Task } from '../../model/task.js';
import type { Database } from '../database.js';
import { selectTasks } from './task-rows.js';

/** Which tasks are listed; what is left out narrows nothing. */
export interface TaskFilter {
  readonly status?: number | undefined;
  readonly pipelineId?: number | undefined;
  /** Of any of these pipelines; empty: no task at all. */
  readonly pipelineIds?: readonly number[] | undefined;
  /** 0: only tasks of pipelines' own, none of a shard. */
  readonly shard?: 0 | undefined;
  /** Made at or after this instant, in the database's time zone: `2024-01-15 10:00:00`. */
  readonly since?: string | undefined;
  /** Made within so many seconds, by the database's clock. */
  readonly withinSeconds?: number | undefined;
}

/** A part of the list of tasks, and its order: by id, newest first, where none is given. */
export interface TaskPageFilter extends TaskFilter {
  readonly order?: TaskOrder | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface TaskOrder {
  readonly by: 'id' | 'last_heartbeat' | 'end_time';
  readonly descending: boolean;
}

/** Each order goes by the columns of an index, all of them in one direction: then nothing is sorted. */
const indexedOrders = {
  id: ['id'],
  last_heartbeat: ['last_heartbeat', 'create_time', 'id'],
  end_time: ['end_time', 'end_reason', 'id'],
} as const;

/** Tasks that have not ended come before all that have. */
const endColumns: ReadonlySet<string> = new Set(['end_time', 'end_reason']);

/**
 * Says where an order has to name the place of NULL. Of those that run the ones that have never beaten come before all others, for which
 * PostgreSQL, whose index has them last, sorts those few; the many that have ended it takes as its index has them.
 */
function namesNulls(column: string, { status }: TaskFilter): boolean {
  return endColumns.has(column) || (column === 'last_heartbeat' && status === taskStatus.running);
}

const newestFirst: TaskOrder = { by: 'id', descending: true };

/** Lists a part of the tasks that fit a filter. */
export function listTasks(database: Database, filter: TaskPageFilter): Promise<readonly Task[]> {
  const { by, descending } = filter.order ?? newestFirst;
  const order = descending ? 'desc' : 'asc';
  const nulls = database.dialect.nullsLow(order);
  const columns = indexedOrders[by].map((column) => ({ column, order, ...(namesNulls(column, filter) ? nulls : {}) }));
  return selectTasks(database, (query) =>
    narrow(database, query, filter).orderBy(columns).limit(filter.limit).offset(filter.offset),
  );
}

/** Counts the tasks that fit a filter. */
export async function countTasks(database: Database, filter: TaskFilter): Promise<number> {
  const [row] = await database.read<{ total: number }[]>((knex) =>
    narrow(database, knex('pipeline_task'), filter).count({ total: '*' }),
  );
  return row?.total ?? 0;
}

function narrow({ dialect, knex }: Database, query: Knex.QueryBuilder, filter: TaskFilter): Knex.QueryBuilder {
  const { status, pipelineId, pipelineIds, shard, since, withinSeconds } = filter;
  if (status !== undefined) void query.where({ status });
  if (pipelineId !== undefined) void query.where({ pipeline_id: pipelineId });
  if (pipelineIds !== undefined) void query.whereIn('pipeline_id', pipelineIds);
  if (shard !== undefined) void query.where({ shard });
  if (since !== undefined) void query.where('create_time', '>=', since);
  if (withinSeconds !== undefined) void query.where('create_time', '>=', dialect.secondsAgo(knex, withinSeconds));
  return query;
}
