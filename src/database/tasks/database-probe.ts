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
