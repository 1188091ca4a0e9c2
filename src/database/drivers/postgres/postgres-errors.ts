import { certificateHint } from '../../../runtime/certificate-hint.js';
import { DatabaseUnreachableError } from '../../../runtime/errors.js';
import type { ErrorKind } from '../../dialect.js';
import { hintOfKind } from '../server-session.js';

/** By SQLSTATE, the longest that fits first: five characters, or the two of a class. */
const kinds: Readonly<Record<string, ErrorKind>> = {
  // serialization_failure, deadlock_detected, lock_not_available.
  '40001': 'contention',
  '40P01': 'contention',
  '55P03': 'contention',
  // undefined_table, undefined_column, invalid_schema_name.
  '42P01': 'not-migrated',
  '42703': 'not-migrated',
  '3F000': 'not-migrated',
  // invalid_authorization_specification with its kin; no such database; a database that takes no connections.
  '28': 'refused',
  '3D000': 'refused',
  '55000': 'refused',
  '42501': 'forbidden',
  '23502': 'no-default',
  '23503': 'foreign-key',
  // data_corrupted, index_corrupted.
  XX001: 'malformed',
  XX002: 'malformed',
  // Connection exceptions; no resources (connections, disk, memory); ended or shut down by an operator; system errors.
  '08': 'unreachable',
  '53': 'unreachable',
  '57': 'unreachable',
  '58': 'unreachable',
  // A standby after a fail-over; a transaction that was idle, or took, for too long.
  '25006': 'unreachable',
  '25P03': 'unreachable',
  '25P04': 'unreachable',
};

const networkCodes =
  /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|ENOENT|EACCES|EAI_|EHOST|ENET|ERR_STREAM|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|HOSTNAME_)/;

/** What the driver and the pool say without a code. */
const awayTexts =
  /Connection terminated|timeout expired|not queryable|does not support SSL|establishing an SSL connection|Timeout acquiring|Query read timeout/i;

/**
 * A server asks for a password in a form in which there is none to give, or for a login that the driver does not know; files of
 * this side's certificate can't be used.
 */
const refusedTexts =
  /^SASL:|password must be a string|^Unknown authenticationOk|key values mismatch|bad decrypt|no start line|DECODER routines::unsupported/i;

/** `search_path` leads nowhere; where a schema is missing that was named, the code is the same. */
const noSchema = /^3F000 .*(no schema has been selected|CreationNamespace$)/s;

/** Sorts what `pg` threw. */
export function classify(error: unknown): ErrorKind {
  const { code, message, name } = error as { code?: unknown; message?: unknown; name?: unknown };
  const text = typeof message === 'string' ? message : '';
  if (noSchema.test(describe(error))) return 'refused';
  if (typeof code === 'string') {
    const kind = /^[0-9A-Z]{5}$/.test(code) ? (kinds[code] ?? kinds[code.slice(0, 2)]) : undefined;
    if (kind !== undefined) return kind;
    if (networkCodes.test(code)) return 'unreachable';
  }
  if (refusedTexts.test(text)) return 'refused';
  return name === 'KnexTimeoutError' || awayTexts.test(text) ? 'unreachable' : 'other';
}

/**
 * What hints go by: the SQLSTATE or Node's code, the message, and last the server's function that threw it. The function has
 * the same name in every language in which a server may speak (`lc_messages`); a pooler's own messages name none.
 */
function describe(error: unknown): string {
  const { code, message, routine } = error as { code?: unknown; message?: unknown; routine?: unknown };
  return `${String(code)} ${String(message)} ${typeof routine === 'string' ? routine : ''}`;
}

/** How an authority is named that the system does not know. */
const authority =
  "&sslrootcert=FILE names the authority of the server's certificate; sslmode=require encrypts without checking it";

/** By SQLSTATE, or what Node says. */
const hints: readonly (readonly [RegExp, string])[] = [
  [/^3D000 /, "create the database first: CREATE DATABASE … ENCODING 'UTF8'"],
  [/^55000 /, 'the database takes no connections: ALTER DATABASE … ALLOW_CONNECTIONS true'],
  [noSchema, "search_path of this user leads to no schema: CREATE SCHEMA, or ALTER ROLE … SET search_path = '…'"],
  [/^28000 .*no encryption/, "the server's pg_hba.conf wants encryption: sslmode=require"],
  [/^28/, 'check user, password and rights in the database URL, and pg_hba.conf on the server'],
  [/key values mismatch/, 'the key of sslkey is not that of the certificate of sslcert'],
  [/bad decrypt/, 'the key of sslkey wants a passphrase: write it without one (openssl pkey -in FILE -out FILE2)'],
  [/no start line|DECODER routines::unsupported/, 'sslcert and sslkey name PEM files, and no others'],
  [
    /Unknown authenticationOk/,
    'the server wants a login by GSSAPI or SSPI, which is not spoken here: let this user in by scram-sha-256 in its pg_hba.conf',
  ],
  [/SASL/, 'the server wants a password: write it into the database URL'],
  [
    /^53300 .*(for (role|database) |(InitializeSessionUserId|CheckMyDatabase)$)/s,
    'this role, or this database, has a limit of its own: raise it by ALTER ROLE (or DATABASE) … CONNECTION LIMIT …; a run takes up to 6 connections',
  ],
  [/^53300 /, 'too many connections: raise max_connections, or end others'],
  [/^53100 /, 'the disk of the server is full: make room, and what waits goes on'],
  [/^57P0[12] /, 'the server shuts down, or somebody ended the connection: what runs tries on'],
  [/^57P03 /, 'the server starts, shuts down or recovers: wait for it; what runs tries on'],
  [/^57014 /, 'a statement took too long, or was cancelled: see what keeps the server busy, or who holds a lock there'],
  [/^08P01 .*statement pooling/s, 'PgBouncer is to have pool_mode = session'],
  [
    /^08P01 .*(query_wait_timeout|no more connections allowed)/s,
    'PgBouncer has no connection left: raise its default_pool_size or max_client_conn; a run takes up to 6 connections',
  ],
  [/^25006 /, 'the server is a standby, or read-only: name the primary in the database URL'],
  [/does not support SSL/, 'the server has no SSL: sslmode=disable, or set it up there'],
  [/^(CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_TLS_CERT|HOSTNAME_)/, authority],
];

const grants =
  'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES, and ALL ON ALL SEQUENCES, IN SCHEMA …; migrate wants CREATE on the schema, and to own the tables';

/** Says what a person can do about what the server or its driver threw. */
export function hint(error: unknown, kind: ErrorKind): string {
  const text = describe(error);
  const known = hints.find(([pattern]) => pattern.test(text))?.[1];
  return certificateHint(error, authority) ?? known ?? hintOfKind(kind, grants);
}

/** Says whether a failure means that another node may help. */
export function isAway(error: unknown): boolean {
  return error instanceof DatabaseUnreachableError || classify(error) === 'unreachable';
}
