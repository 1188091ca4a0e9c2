import { createConnection } from 'mysql2/promise';
import pg from 'pg';

/** Runs one statement on the server of a URL, with a connection of its own; resolves with its rows. */
export function execute(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  return url.startsWith('postgres') ? onPostgres(url, sql) : onMysql(url, sql);
}

async function onPostgres(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function onMysql(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const connection = await createConnection({ uri: url, connectTimeout: 1000 });
  try {
    // A connection that a test left in a transaction would hold a DROP up for a day.
    await connection.query('SET SESSION lock_wait_timeout = 10');
    const [rows] = await connection.query(sql);
    return rows as unknown as readonly Record<string, unknown>[];
  } finally {
    await connection.end();
  }
}
