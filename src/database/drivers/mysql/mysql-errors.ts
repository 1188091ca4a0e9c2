import { certificateHint } from '../../../runtime/certificate-hint.js';
import { DatabaseUnreachableError } from '../../../runtime/errors.js';
import type { ErrorKind } from '../../dialect.js';
import { hintOfKind } from '../server-session.js';

/**
 * ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, MariaDB's "record has changed since last read", ER_SP_DOES_NOT_EXIST: Galera has taken the
 * transaction back in the middle of its packet, and 3101: MySQL's group replication has, for one of another node.
 */
const contention = new Set([1205, 1213, 1020, 1305, 3101]);

/** ER_NO_SUCH_TABLE, ER_BAD_FIELD_ERROR. */
const notMigrated = new Set([1146, 1054]);

/**
 * No rights on the database, wrong password, no such database, host not allowed, no such user (MariaDB), password expired
 * (twice), account locked (MySQL, MariaDB) or blocked for a while (3955), encryption wanted (3159), a way of logging in that one side
 * does not know (1251, 1524), the server's own `init_connect` fails (1184).
 */
const refused = new Set([1044, 1045, 1049, 1130, 1184, 1251, 1524, 1698, 1820, 1862, 3118, 3159, 3955, 4151]);

/** A statement, a column or a global right is denied to this user. */
const forbidden = new Set([1142, 1143, 1227]);

/**
 * The server ends the connection, or takes none: too many connections, shutdown, killed, read-only (a replica after a
 * fail-over), disk full (1021, 1114, 1026) or failing (1030), aborted, or broken off after a time (MariaDB's 1969, MySQL's 3024); a node of Galera's
 * is cut off from the others, before a statement (1047) or in its commit (1180), one of MySQL's group replication in its commit (3100). No
 * write goes into a binary log of statements (1665): its format belongs to the session, so that one has to be made anew.
 */
const away = new Set([
  1040, 1042, 1043, 1053, 1129, 1158, 1159, 1160, 1161, 1203, 1226, 1290, 1836, 1927, 3032, 1021, 1114, 1317, 1792,
  3169, 4031, 1047, 1180, 1026, 1030, 1665, 1969, 3024, 3100,
]);

/** What a proxy says of a server behind it: that server's clients have these numbers (2013: it was lost), ProxySQL has those of its own. */
function isProxys(errno: number): boolean {
  return (errno >= 2000 && errno < 3000) || (errno >= 9000 && errno < 10_000);
}

/**
 * ER_CANT_AGGREGATE_2COLLATIONS, MySQL's ER_CANNOT_CONVERT_STRING: a text that a column's character set lacks characters of is looked
 * for. ER_TRUNCATED_WRONG_VALUE_FOR_FIELD says it where one is written, and shows the bytes; it says so of numbers, too.
 */
const withoutCharacters = new Set([1267, 3854]);
const wrongValue = 1366;

const kinds: readonly (readonly [ReadonlySet<number>, ErrorKind])[] = [
  [contention, 'contention'],
  [withoutCharacters, 'no-charset'],
  [notMigrated, 'not-migrated'],
  [refused, 'refused'],
  [forbidden, 'forbidden'],
  // ER_NO_DEFAULT_FOR_FIELD.
  [new Set([1364]), 'no-default'],
  [away, 'unreachable'],
  // ER_ROW_IS_REFERENCED, ER_NO_REFERENCED_ROW, and the same with the key's name.
  [new Set([1217, 1216, 1451, 1452]), 'foreign-key'],
  // ER_DUP_ENTRY.
  [new Set([1062]), 'duplicate'],
];

const driverCodes =
  /^(PROTOCOL_|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH|ENETDOWN|HANDSHAKE_|ER_SERVER_GONE|ERR_STREAM|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL)/;

/** The server wants a password in a form that the driver does not know, as MariaDB's ed25519, or in clear text. */
const unknownLogins = new Set<unknown>(['AUTH_SWITCH_PLUGIN_ERROR', 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED']);

/** The server's number of an error. */
export function errnoOf(error: unknown): unknown {
  return (error as { readonly errno?: unknown }).errno;
}

/** Sorts what the server or its driver threw. */
export function classify(error: unknown): ErrorKind {
  const { code, errno, message, name } = error as {
    code?: unknown;
    errno?: unknown;
    message?: unknown;
    name?: unknown;
  };
  if (typeof errno === 'number') {
    const kind = kinds.find(([errnos]) => errnos.has(errno))?.[1];
    if (kind !== undefined) return kind;
    if (isProxys(errno)) return 'unreachable';
    if (errno === wrongValue && /\\x[0-9A-F]{2}/.test(String(message))) return 'no-charset';
  }
  if (unknownLogins.has(code)) return 'refused';
  if (typeof code === 'string' && driverCodes.test(code)) return 'unreachable';
  if (name === 'KnexTimeoutError') return 'unreachable';
  if (typeof message === 'string' && /closed state|Connection lost|is closed|Timeout acquiring/i.test(message))
    return 'unreachable';
  return 'other';
}

/** How an authority is named that the system does not know. */
const authority =
  "&ssl_ca=FILE names the authority of the server's certificate; ssl=skip-verify encrypts without checking it";

/** By the driver's code, the server's number and its text. */
const hints: readonly [RegExp, string][] = [
  [/^\S+ 1040 /, 'too many connections: raise max_connections, or end others'],
  [
    /^\S+ (1203|1226) /,
    'the server limits this user: raise it, as by ALTER USER … WITH MAX_USER_CONNECTIONS …; a run takes up to 6 connections',
  ],
  [/^\S+ 1045 /, 'check user, password and rights in the database URL; a user with REQUIRE SSL wants ?ssl=true there'],
  [/^\S+ 3159 /, 'the server wants encryption: ?ssl=true in the database URL'],
  [/^\S+ 1184 /, 'init_connect of the server fails for this user: correct it there'],
  [/^\S+ 3955 /, 'the account is blocked for a while: wait, or ALTER USER … ACCOUNT UNLOCK'],
  [/^\S+ 1665 /, 'binlog_format=ROW (or MIXED) on the server'],
  // A table in memory can be full, too; none of ours is.
  [/^\S+ (1021|1114) /, 'the disk of the server is full: make room, and what waits goes on'],
  [/^\S+ 1049 /, 'create the database first: CREATE DATABASE … CHARACTER SET utf8mb4'],
  // Other options than this may prevent a statement (1290), too.
  [
    /^\S+ (1290 .*read[-_]only|1792 |1836 )/s,
    'the server is a replica, or read-only: name the primary in the database URL',
  ],
  [
    /^(AUTH_SWITCH_PLUGIN_ERROR|MYSQL_CLEAR_PASSWORD_NOT_ENABLED|\S+ (1251|1524)) /,
    'let the user log in by caching_sha2_password (MySQL) or mysql_native_password (MariaDB)',
  ],
  [/^HANDSHAKE_NO_SSL_SUPPORT /, 'the server has no TLS: take ssl=… out of the database URL, or set it up there'],
  [/^(HANDSHAKE_SSL_ERROR|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_TLS_CERT)/, authority],
];

const grants =
  'GRANT SELECT, INSERT, UPDATE, DELETE ON the database; migrate wants CREATE, ALTER, INDEX too, --rollback DROP';

/** Says what a person can do about what the server or its driver threw. */
export function hint(error: unknown, kind: ErrorKind): string {
  const { code, errno, message } = error as { code?: unknown; errno?: unknown; message?: unknown };
  const text = [code, errno, message].map(String).join(' ');
  const known = hints.find(([pattern]) => pattern.test(text))?.[1];
  return certificateHint(error, authority) ?? known ?? hintOfKind(kind, grants);
}

/** Says whether a failure means that the server is away, and another node may help. */
export function isAway(error: unknown): boolean {
  return error instanceof DatabaseUnreachableError || classify(error) === 'unreachable';
}

/**
 * Says the same of a node of a cluster: where it can't wait for the others, for it is cut off from them, Galera gives that the
 * number of a lock that does not come free.
 */
export function isNodeAway(error: unknown): boolean {
  return isAway(error) || errnoOf(error) === 1205;
}

/** Says whether another node of a cluster shall be asked: this one is away, or behind, and has not heard of the database yet (1049). */
export function isPassedOver(error: unknown): boolean {
  return isAway(error) || errnoOf(error) === 1049;
}
