import type { Socket } from 'node:net';
import { userInfo } from 'node:os';
import pg from 'pg';
import type { Client, ClientConfig } from 'pg';
import { DatabaseUnreachableError } from '../../../runtime/errors.js';
import type { DatabaseTimezone } from '../../database-timezone.js';
import type { PostgresAddress } from './postgres-address.js';
import { classify } from './postgres-errors.js';
import { learnTimezone, readAuthorities, readNamedFile } from '../server-session.js';
import type { RunQuery } from '../server-session.js';
import type { ServerSockets } from '../server-sockets.js';
import { parseValue } from './postgres-values.js';

/** How long a connection attempt may take. */
const connectTimeoutMs = 5_000;

/** What every connection to one database is made with. */
export interface ConnectOptions {
  readonly sockets: ServerSockets;
  readonly timezone: DatabaseTimezone;
  /** How long the server may take for one statement, in milliseconds; undefined: as long as it likes. */
  readonly statementTimeoutMs: number | undefined;
  /** Whether a server that takes no writes now is of no use. */
  readonly mustWrite: boolean;
}

/**
 * Connects, and prepares the session. Learns the database's time zone where this process does not know it yet; throws
 * UsageError where the process is set to another, or a certificate's file can't be read, DatabaseUnreachableError where a
 * node that must take writes takes none.
 */
export async function connect(address: PostgresAddress, options: ConnectOptions): Promise<Client> {
  const client = await connectByMode(address, options.sockets);
  try {
    if (options.mustWrite) await refuseReadOnly(client);
    await prepare(client, options);
    return client;
  } catch (error) {
    dropConnection(client);
    throw error;
  }
}

/** Throws DatabaseUnreachableError where the server is a standby, or takes no writes for another reason. */
async function refuseReadOnly(client: Client): Promise<void> {
  const ask: RunQuery = async (sql) => (await client.query<object>(sql)).rows;
  if (await isReadOnly(ask)) throw new DatabaseUnreachableError('it is a standby, or read-only');
}

/** Asks whether a server takes no writes in a session such as the one that is asked. */
export async function isReadOnly(query: RunQuery): Promise<boolean> {
  const [row] = (await query('SHOW transaction_read_only')) as readonly { readonly transaction_read_only: string }[];
  return row?.transaction_read_only === 'on';
}

/** Ends a connection at once: the driver's end() waits for the other side, and a frozen one never answers. */
export function dropConnection(client: Client): void {
  streamOf(client).destroy();
}

/** The socket, or what encrypts it. */
export function streamOf(client: Client): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
}

async function connectByMode(address: PostgresAddress, sockets: ServerSockets): Promise<Client> {
  const { mode } = address.ssl;
  if (mode === 'disable' || address.host.startsWith('/')) return connectOnce(address, sockets, false);
  const ssl = tlsOptions(address);
  if (mode !== 'prefer') return connectOnce(address, sockets, ssl);
  try {
    return await connectOnce(address, sockets, ssl);
  } catch (error) {
    if (!isWithoutSsl(error)) throw error;
    return connectOnce(address, sockets, false);
  }
}

function isWithoutSsl(error: unknown): boolean {
  return error instanceof Error && error.message === 'The server does not support SSL connections';
}

async function connectOnce(
  { host, port, user, password, database }: PostgresAddress,
  sockets: ServerSockets,
  ssl: NonNullable<ClientConfig['ssl']>,
): Promise<Client> {
  const client = new pg.Client({
    host,
    port,
    user: user ?? userInfo().username,
    // As a function, so that neither a variable nor a file of the surroundings stands in for one that is empty.
    password: () => password,
    database,
    ssl,
    application_name: 'chainparse',
    connectionTimeoutMillis: connectTimeoutMs,
    stream: () => sockets.open(),
    types: { getTypeParser: (type: number) => parseValue(type) },
  });
  // Without a listener an error of an idle connection would end the process; the next query meets it anyway.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    dropConnection(client);
    throw error;
  }
}

function tlsOptions({ ssl }: PostgresAddress): Exclude<ClientConfig['ssl'], boolean | undefined> {
  const { mode, rootCertPath, certPath, keyPath } = ssl;
  return {
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    // verify-ca asks who has signed the certificate, not whose it is.
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(rootCertPath === null ? {} : { ca: readAuthorities('sslrootcert', rootCertPath) }),
    ...(certPath === null ? {} : { cert: readNamedFile('sslcert', certPath) }),
    ...(keyPath === null ? {} : { key: readNamedFile('sslkey', keyPath) }),
  };
}

async function prepare(client: Client, { timezone, statementTimeoutMs }: ConnectOptions): Promise<void> {
  const { isLearnt } = timezone;
  // Before anything is read: a limit that the server sets may be too short for it.
  await client.query([limitStatements(statementTimeoutMs), ...sessionSetup(timezone.value)].join(';'));
  if (isLearnt) return;
  await learnTimezone(timezone, async (sql) => (await client.query<object>(sql)).rows, classify);
  await client.query(setTimezone(timezone.value));
}

/**
 * The statements that prepare a session: the time zone that rows are stored in; texts and bytes as they are written and read
 * here; READ COMMITTED, whatever the server's default; a short wait for locks; and an end for a transaction whose client
 * froze in it.
 */
export function sessionSetup(timezone: string): readonly string[] {
  return [
    setTimezone(timezone),
    'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED',
    "SET lock_timeout = '3s'",
    "SET idle_in_transaction_session_timeout = '5s'",
    'SET standard_conforming_strings = on',
    "SET client_encoding = 'UTF8'",
    "SET DateStyle = 'ISO, YMD'",
    "SET bytea_output = 'hex'",
    'SET extra_float_digits = 1',
    'SET client_min_messages = warning',
  ];
}

/** As an interval: a text of the same form would be read with its sign turned. */
export function setTimezone(offset: string): string {
  return `SET TIME ZONE INTERVAL '${offset}' HOUR TO MINUTE`;
}

function limitStatements(timeoutMs: number | undefined): string {
  return `SET statement_timeout = ${Math.ceil(timeoutMs ?? 0)}`;
}
