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
  const uptimeSeconds = uptime === null ? null : readUptime(await database.read<unknown>(() => uptime));
  const [row] = await database.read<{ now: string }[]>(() => knex.select(knex.raw('? AS now', [dialect.now(knex)])));
  return { now: row?.now ?? '', uptimeSeconds };
}

function readUptime(answer: unknown): number | null {
  const [rows] = answer as [readonly { readonly Value: string }[]];
  return rows[0] === undefined ? null : Number(rows[0].Value);
}
