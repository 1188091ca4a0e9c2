import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { ConnectionOptions } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import { UsageError } from '../../../runtime/errors.js';
import { storedTimezoneSql } from '../../database-timezone.js';
import type { DatabaseTimezone } from '../../database-timezone.js';
import type { MysqlAddress } from '../../database-url.js';
import { mysqlDialect } from './mysql-dialect.js';
import type { ServerSockets } from './server-sockets.js';

/** ER_UNKNOWN_TIME_ZONE. */
const unknownTimezone = 1298;

/** How long a connection attempt may take. */
const connectTimeoutMs = 5_000;

/**
 * Returns the driver's options for an address, to which `sockets` lead; throws UsageError where the certificate
 * authority can't be read.
 */
export function connectionOptions(address: MysqlAddress, sockets: ServerSockets): ConnectionOptions {
  return {
    host: address.host,
    port: address.port,
    user: address.user,
    password: address.password,
    database: address.database,
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    connectTimeout: connectTimeoutMs,
    stream: () => sockets.connect(address),
    ...(address.tls === null ? {} : { ssl: tlsOptions(address.tls) }),
  };
}

function tlsOptions(tls: NonNullable<MysqlAddress['tls']>): { rejectUnauthorized: boolean; ca?: string } {
  if (tls.caPath === null) return { rejectUnauthorized: tls.rejectUnauthorized };
  try {
    return { rejectUnauthorized: tls.rejectUnauthorized, ca: readFileSync(tls.caPath, 'utf8') };
  } catch (cause) {
    throw new UsageError(`the file of ssl_ca can't be read: ${tls.caPath}`, { cause });
  }
}

/**
 * The statements that prepare a session: the time zone that rows are stored in; strict mode, whatever the server's
 * default; READ COMMITTED, which keeps no locks on rows that did not match; a short wait for locks; and, on MariaDB, an
 * end for a transaction whose client froze in it.
 */
export function sessionSetup(timezone: string): readonly string[] {
  const mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
  return [
    `SET SESSION time_zone = '${timezone}', sql_mode = '${mode}', innodb_lock_wait_timeout = 3 /*M!100300 , idle_write_transaction_timeout = 5 */`,
    'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  ];
}

/** Runs a statement on a connection that is being prepared; resolves with its rows. */
type RunQuery = (sql: string) => Promise<unknown>;

/**
 * Learns the database's time zone where this process does not know it yet, and sets up the session. Throws UsageError where
 * the process is set to another zone, or the server takes none such.
 */
export async function prepare(query: RunQuery, timezone: DatabaseTimezone): Promise<void> {
  if (!timezone.isLearnt) {
    const stored = await readTimezone(query);
    if (stored !== undefined) timezone.learn(stored);
  }
  try {
    for (const statement of sessionSetup(timezone.value)) await query(statement);
  } catch (error) {
    if ((error as { errno?: unknown }).errno !== unknownTimezone) throw error;
    throw new UsageError(`the database's server takes no time zone ${timezone.value}`, { cause: error });
  }
}

async function readTimezone(query: RunQuery): Promise<string | undefined> {
  try {
    const rows = (await query(storedTimezoneSql)) as readonly { time_zone: string }[];
    return rows[0]?.time_zone;
  } catch (error) {
    // Not migrated, or nothing that this user may see: who uses the database is told.
    if (['not-migrated', 'forbidden'].includes(mysqlDialect.classify(error))) return undefined;
    throw error;
  }
}

interface PooledConnection {
  query(sql: string, done: (error: unknown, rows: unknown) => void): void;
  readonly stream: Socket;
}

type Prepared = (error: unknown, connection: unknown) => void;

/**
 * Returns the pool's `afterCreate`: it prepares the session and, where `silenceMs` is given, drops a connection on
 * which nothing has arrived for so long, so that a half-open one can't hang a query for ever.
 */
export function prepareSession(
  timezone: DatabaseTimezone,
  silenceMs: number | undefined,
): (connection: PooledConnection, done: Prepared) => void {
  return (connection, done) => {
    // The driver's own destroy() says goodbye and waits for the other side; a query in the air would never fail.
    if (silenceMs !== undefined)
      connection.stream.setTimeout(silenceMs, () => connection.stream.destroy(silent(silenceMs)));
    const query = promisify((sql: string, answer: (error: unknown, rows: unknown) => void) =>
      connection.query(sql, answer),
    );
    prepare(query, timezone).then(
      () => done(null, connection),
      (error: unknown) => done(error, connection),
    );
  };
}

/**
 * Ends a connection at once. The driver's destroy() says goodbye and leaves the socket open until the other side has
 * answered, which a frozen server never does.
 */
export function dropConnection(connection: Connection): void {
  streamOf(connection).destroy();
}

/** The socket, or what encrypts it. */
export function streamOf(connection: Connection): Socket {
  return (connection as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
}

function silent(durationMs: number): Error {
  return Object.assign(new Error(`the server was silent for ${durationMs / 1000} s`), { code: 'ETIMEDOUT' });
}
