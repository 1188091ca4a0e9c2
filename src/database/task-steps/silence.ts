import type { Knex } from 'knex';
import { toleratedBeats } from '../../runtime/silence.js';
import type { Database } from '../database.js';

/** Which rows: those of `pipeline_task`, or of an alias of it. */
type Rows = 'pipeline_task' | 'living' | 'task';

/** Whole seconds since a task's last sign of life (heartbeat, else creation), by the database's clock. */
export function silence({ knex, dialect }: Database, rows: Rows = 'pipeline_task'): Knex.Raw {
  const since = (column: string): Knex.Raw => dialect.secondsSince(knex, `${rows}.${column}`);
  return knex.raw('COALESCE(?, ?)', [since('last_heartbeat'), since('create_time')]);
}

/** How long a task may be silent, in seconds; one that names no heartbeat interval goes by the default. */
export function silenceLimitSql(
  { knex }: Database,
  defaultIntervalSeconds: number,
  rows: Rows = 'pipeline_task',
): Knex.Raw {
  const interval = `${rows}.heartbeat_interval`;
  return knex.raw(`${toleratedBeats} * COALESCE(??, ?)`, [interval, defaultIntervalSeconds]);
}

/** True where a task is surely silent for longer than so many seconds: the twin of `isSurelyOver`. */
export function isSilentOver(
  database: Database,
  limitSeconds: number | Knex.Raw,
  rows: Rows = 'pipeline_task',
): Knex.Raw {
  return database.knex.raw('? >= ? + 1', [silence(database, rows), limitSeconds]);
}

/** True where a task is silent for surely longer than three of its beats: the twin of `isSilentFor`. */
export function isSilentSql(
  database: Database,
  defaultIntervalSeconds: number,
  rows: Rows = 'pipeline_task',
): Knex.Raw {
  return isSilentOver(database, silenceLimitSql(database, defaultIntervalSeconds, rows), rows);
}
