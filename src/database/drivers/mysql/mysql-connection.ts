import type { Socket } from 'node:net';
import type { Connection, ConnectionOptions, SslOptions } from 'mysql2';
import { DatabaseUnreachableError, UsageError } from '../../../runtime/errors.js';
import type { DatabaseTimezone } from '../../database-timezone.js';
import type { MysqlAddress } from './mysql-address.js';
import { classify, errnoOf } from './mysql-errors.js';
import { learnTimezone, readAuthorities } from '../server-session.js';
import type { RunQuery } from '../server-session.js';
import type { ServerSockets } from '../server-sockets.js';

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
    stream: () => {
      const socket = sockets.open();
      return socket.destroyed ? socket : socket.connect(address.port, address.host);
    },
    ...(address.tls === null ? {} : { ssl: tlsOptions(address.tls) }),
  };
}

function tlsOptions({ rejectUnauthorized, caPath }: NonNullable<MysqlAddress['tls']>): SslOptions {
  return { rejectUnauthorized, ...(caPath === null ? {} : { ca: readAuthorities('ssl_ca', caPath) }) };
}

/**
 * Takes from a session the limits that a server may set for those who type: reads that leave rows out without a word (of SHOW, too),
 * statements that are refused or broken off, a connection that ends with each COMMIT.
 */
const liftLimits = `SET SESSION ${[
  'sql_select_limit = 18446744073709551615',
  'sql_big_selects = 1',
  'sql_safe_updates = 0',
  'completion_type = 0',
].join(', ')} /*M! , max_statement_time = 0 */ /*!80000 , max_execution_time = 0 */`;

/**
 * The statements that prepare a session: none of the limits that a server may set; texts in UTF-8, each statement is committed by itself, and strict
 * mode, whatever the server's defaults; the time zone that rows are stored in; READ COMMITTED, which keeps no locks on rows that did not
 * match; a short wait for locks; on MariaDB an end for a transaction whose client froze in it.
 */
export function sessionSetup(timezone: string): readonly string[] {
  return [liftLimits, ...setupIn(timezone)];
}

function setupIn(timezone: string): readonly string[] {
  const mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
  return [
    // The driver asks for this character set, too: a server may pass over that, or its `init_connect` may undo it.
    'SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci',
    `SET SESSION autocommit = 1, time_zone = '${timezone}', sql_mode = '${mode}', innodb_lock_wait_timeout = 3 /*M!100300 , idle_write_transaction_timeout = 5 */`,
    'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  ];
}

/** What a session is prepared for. */
export interface SessionOptions {
  readonly timezone: DatabaseTimezone;
  /** Whether a node that takes no writes now is of no use. */
  readonly mustWrite: boolean;
}

/**
 * Learns the database's time zone where this process does not know it yet, and sets up the session. Throws UsageError where
 * the process is set to another zone, or the server takes none such, DatabaseUnreachableError where a node that must take
 * writes takes none.
 */
export async function prepare(query: RunQuery, { timezone, mustWrite }: SessionOptions): Promise<void> {
  // Before anything is read: what is asked about the node are rows, too.
  await query(liftLimits);
  const isGalera = await prepareForCluster(query, mustWrite);
  await learnTimezone(timezone, query, classify);
  try {
    for (const statement of setupIn(timezone.value)) await query(statement);
    // Only now: what reads the node's own state waits for nobody.
    if (isGalera) await query(awaitOtherNodes);
  } catch (error) {
    if (errnoOf(error) !== unknownTimezone) throw error;
    throw new UsageError(`the database's server takes no time zone ${timezone.value}`, { cause: error });
  }
}

/**
 * On Galera a session's next statement waits until its node has what was committed on the others (1 ms), reads (1), changes
 * (2) and inserts (4), whose ids would go back otherwise. Inside a transaction nothing waits.
 */
const awaitOtherNodes = 'SET SESSION wsrep_sync_wait = 7';

/** Returns whether this is a node of Galera's; throws DatabaseUnreachableError where it must take writes and takes none. */
async function prepareForCluster(query: RunQuery, mustWrite: boolean): Promise<boolean> {
  const variables = await showVariables(query, ['wsrep_on', ...readOnlyNames]);
  const isGalera = variables.get('wsrep_on') === 'ON';
  if (!mustWrite) return isGalera;
  if (isAnyOn(variables, readOnlyNames)) throw new DatabaseUnreachableError('it is read-only');
  if (isGalera) {
    const asked = "'wsrep_ready', 'wsrep_local_state_comment'";
    const state = await show(query, `SHOW STATUS WHERE Variable_name IN (${asked})`);
    const word = state.get('wsrep_local_state_comment') ?? 'unknown';
    if (state.get('wsrep_ready') !== 'ON' || word !== 'Synced') {
      throw new DatabaseUnreachableError(`it has not joined its cluster: ${word}`);
    }
  }
  return isGalera;
}

/** What says that a server takes no writes; Aurora's readers say it of InnoDB. */
const readOnlyNames = ['read_only', 'innodb_read_only'];

/** Asks whether a server takes no writes: from those without a right of their own to that, or in sessions that begin now. */
export async function isReadOnly(query: RunQuery): Promise<boolean> {
  const names = [...readOnlyNames, 'transaction_read_only', 'tx_read_only'];
  return isAnyOn(await showVariables(query, names), names);
}

function isAnyOn(variables: ReadonlyMap<string, string>, names: readonly string[]): boolean {
  return names.some((name) => (variables.get(name) ?? 'OFF') !== 'OFF');
}

function showVariables(query: RunQuery, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return show(query, `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('${names.join("', '")}')`);
}

async function show(query: RunQuery, sql: string): Promise<ReadonlyMap<string, string>> {
  const rows = (await query(sql)) as readonly { readonly Variable_name: string; readonly Value: string }[];
  return new Map(rows.map((row) => [row.Variable_name, row.Value]));
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
  return (connection as unknown as { readonly stream: Socket }).stream;
}
