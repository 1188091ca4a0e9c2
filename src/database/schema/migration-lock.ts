import { createHash } from 'node:crypto';
import type { Clock } from '../../runtime/clock.js';
import type { Database } from '../database.js';

const lockName = 'chainparse.migrate';

/**
 * Runs `work` on one connection while no other `migrate` can: in one write transaction on SQLite, under a named lock on
 * MySQL, which the server frees when its connection ends. `onWait` is called once where another holds the lock.
 */
export async function withMigrationLock<T>(
  database: Database,
  clock: Clock,
  onWait: () => void,
  work: (connection: unknown) => Promise<T>,
): Promise<T> {
  const lock = database.dialect.name === 'sqlite' ? sqliteLock : mysqlLock;
  return withConnection(database, (connection) => lock(database, connection, clock, onWait, work));
}

/** Runs `work` on one connection of the pool. */
export async function withConnection<T>(database: Database, work: (connection: unknown) => Promise<T>): Promise<T> {
  const client = database.knex.client as {
    acquireConnection(): Promise<unknown>;
    releaseConnection(connection: unknown): Promise<void>;
  };
  const connection = await client.acquireConnection();
  try {
    return await work(connection);
  } finally {
    await client.releaseConnection(connection);
  }
}

async function sqliteLock<T>(
  database: Database,
  connection: unknown,
  clock: Clock,
  onWait: () => void,
  work: (connection: unknown) => Promise<T>,
): Promise<T> {
  const run = (sql: string): Promise<unknown> => database.knex.raw(sql).connection(connection);
  for (let told = false; ; told = true) {
    try {
      await run('BEGIN IMMEDIATE');
      break;
    } catch (error) {
      if (database.dialect.classify(error) !== 'contention') throw error;
      if (!told) onWait();
      await clock.sleep(200);
    }
  }
  try {
    const result = await work(connection);
    await run('COMMIT');
    return result;
  } catch (error) {
    // SQLite has rolled back by itself where the disk is full: what went wrong first is what counts.
    await run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function mysqlLock<T>(
  database: Database,
  connection: unknown,
  _clock: Clock,
  onWait: () => void,
  work: (connection: unknown) => Promise<T>,
): Promise<T> {
  const ask = async <T>(sql: string, ...bindings: string[]): Promise<T | null> => {
    const [rows] = (await database.knex.raw(sql, bindings).connection(connection)) as [{ answer: T | null }[]];
    return rows[0]?.answer ?? null;
  };
  const name = lockNameOf((await ask<string>('SELECT DATABASE() AS answer')) ?? '');
  await database.knex.raw('SET SESSION innodb_lock_wait_timeout = 50, lock_wait_timeout = 120').connection(connection);
  for (let told = false; (await ask('SELECT GET_LOCK(?, 1) AS answer', name)) !== 1; told = true) if (!told) onWait();
  try {
    return await work(connection);
  } finally {
    // A connection that is gone has freed its locks.
    await ask('SELECT RELEASE_LOCK(?) AS answer', name).catch(() => null);
  }
}

/**
 * A lock is the server's, not the database's: the name carries the database's. The sum is made here, as servers of MySQL
 * 9.6 and newer have no SHA1() that would make it; it has to be this one, for a `migrate` of an older version takes it too.
 */
function lockNameOf(database: string): string {
  return `${lockName}.${createHash('sha1').update(database).digest('hex').slice(0, 16)}`;
}
