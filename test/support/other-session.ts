import { createConnection } from 'mysql2/promise';
import pg from 'pg';

/** A session of somebody else on a server, outside of chainparse: in its transaction it holds what it has locked. */
export interface OtherSession {
  /** Runs a statement; resolves with its rows. */
  run(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends the session, and its transaction with nothing done. */
  end(): Promise<void>;
}

/** Opens a session with a transaction in which the statements have been run. */
export async function beginElsewhere(url: string, ...statements: string[]): Promise<OtherSession> {
  const session = await (url.startsWith('postgres') ? openPostgres(url) : openMysql(url));
  for (const sql of ['BEGIN', ...statements]) await session.run(sql);
  return session;
}

async function openPostgres(url: string): Promise<OtherSession> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return {
    run: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
    end: () => client.end(),
  };
}

async function openMysql(url: string): Promise<OtherSession> {
  const connection = await createConnection(url);
  return {
    run: async (sql) => {
      const [rows] = await connection.query(sql);
      return rows as unknown as readonly Record<string, unknown>[];
    },
    end: async () => {
      await connection.query('ROLLBACK').catch(() => undefined);
      await connection.end();
    },
  };
}
