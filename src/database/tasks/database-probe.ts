import { DatabaseBusyError, DatabaseUnreachableError } from '../../runtime/errors.js';
import type { Database } from '../database.js';

/** What a database says of itself. */
export interface DatabaseProbe {
  /** Its clock, in its time zone, as it writes instants. */
  readonly now: string;
  /** Seconds since the server came up; null where there is no server. */
  readonly uptimeSeconds: number | null;
}

/** Asks a database for its clock and how long it is up; throws DatabaseUnreachableError. */
export async function probeDatabase(database: Database): Promise<DatabaseProbe> {
  const { dialect, knex } = database;
  const uptime = dialect.uptime(knex);
  const uptimeSeconds = uptime === null ? null : uptime.read(await database.read<unknown>(() => uptime.query));
  const [row] = await database.read<{ now: string }[]>(() => knex.select(knex.raw('? AS now', [dialect.now(knex)])));
  return { now: row?.now ?? '', uptimeSeconds };
}

/**
 * Returns why a server that can be read takes no writes now, as one that is read-only does; null where it takes them, or nobody knows.
 * For who misses signs of life: there nobody can give one. Changes nothing. Of a file only this user's rights could be known.
 */
export async function refusalToWrite(database: Database): Promise<string | null> {
  const { dialect, knex } = database;
  if (dialect.uptime(knex) === null) return null;
  try {
    await database.write([knex('monitor').where({ id: 0 }).update({ checks: 0 })]);
    return null;
  } catch (error) {
    const isRefusal = error instanceof DatabaseUnreachableError && !(error instanceof DatabaseBusyError);
    return isRefusal ? error.message : null;
  }
}
