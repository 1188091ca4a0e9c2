import type { Database } from '../../src/database/database.js';

const mysqlSql =
  'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info IS NOT NULL';
const postgresSql =
  "SELECT pid AS id FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'";
const napsOfMysql = "information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'";
const napsOfPostgres = "pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";

/** Lists by their ids the sessions of others on a server's database that are at something. */
export async function listOtherSessions({ knex, dialect }: Database): Promise<readonly number[]> {
  if (dialect.name === 'postgres') {
    const { rows } = await knex.raw<{ rows: { id: number }[] }>(postgresSql);
    return rows.map(({ id }) => id);
  }
  const [rows = []] = await knex.raw<[{ id: number }[]]>(mysqlSql);
  return rows.map(({ id }) => id);
}

/** Counts the sessions of others on a server's database that are in the middle of a nap. */
export async function countNaps(database: Database): Promise<number> {
  const napping = database.dialect.name === 'postgres' ? napsOfPostgres : napsOfMysql;
  const rows = await database.read<object[]>((knex) => knex.from(knex.raw(napping)));
  return rows.length;
}

/** Ends every session of others on a server's database, idle or not; returns how many there were. */
export async function endOtherSessions({ knex, dialect }: Database): Promise<number> {
  if (dialect.name === 'postgres') {
    const { rows } = await knex.raw<{ rows: unknown[] }>(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return rows.length;
  }
  const others = 'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()';
  const [rows] = (await knex.raw(others)) as [{ id: number }[]];
  for (const { id } of rows) await knex.raw(`KILL CONNECTION ${id}`).catch(() => undefined);
  return rows.length;
}
