import type { Knex } from 'knex';
import { toleratedAheadSeconds } from '../../runtime/silence.js';
import type { Database } from '../database.js';

/** A table of processes that give signs of life. */
type PresenceTable = 'monitor' | 'worker';

/** For how long a process that is gone is remembered, in seconds. */
const keptSeconds = 7 * 24 * 3_600;

/** Adds a process and returns its id; forgets those that are gone for long. */
export async function register(database: Database, table: PresenceTable, row: object): Promise<number> {
  const { knex, dialect } = database;
  const now = dialect.now(knex);
  const results = await database.write([
    knex(table)
      .whereRaw(dialect.isOlder(knex, 'last_heartbeat', keptSeconds))
      .delete(),
    knex(table).insert({ ...row, create_time: now, last_heartbeat: now }),
  ]);
  return results[1]?.insertId ?? 0;
}

/** Changes the row of a process; returns false where it is gone. */
export async function change(database: Database, table: PresenceTable, id: number, values: object): Promise<boolean> {
  const [result] = await database.write([database.knex(table).where({ id }).update(values)]);
  return result?.matched === 1;
}

/** The rows of a table, each with its `age`: whole seconds since its last sign of life. */
export function agedRows({ knex, dialect }: Database, table: PresenceTable): Knex.QueryBuilder {
  return knex(table).select('*', knex.raw('? AS age', [dialect.secondsSince(knex, 'last_heartbeat')]));
}

/**
 * Orders rows by their last sign of life, the latest first; those where it lies ahead of the database's clock come behind all
 * others: many dead ones must not hide who lives.
 */
export function latestFirst({ knex, dialect }: Database, rows: Knex.QueryBuilder): Knex.QueryBuilder {
  const isAhead = dialect.isAhead(knex, 'last_heartbeat', toleratedAheadSeconds);
  return rows.orderByRaw(knex.raw('CASE WHEN ? THEN 1 ELSE 0 END', [isAhead])).orderBy('last_heartbeat', 'desc');
}
