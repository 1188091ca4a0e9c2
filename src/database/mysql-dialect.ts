import type { Dialect, ErrorKind } from './dialect.js';

/** The dialect of MySQL 8 and MariaDB 10.6 or newer. */
export const mysqlDialect: Dialect = {
  name: 'mysql',
  now: (knex) => knex.raw('NOW()'),
  liveNow: (knex) => knex.raw('SYSDATE()'),
  uptime: (knex) => knex.raw("SHOW GLOBAL STATUS LIKE 'Uptime'"),
  skipLocked: (query) => query.forUpdate().skipLocked(),
  secondsSince: (knex, column) => knex.raw('TIMESTAMPDIFF(SECOND, ??, NOW())', [column]),
  secondsAgo: (knex, seconds) => knex.raw('NOW() - INTERVAL ? SECOND', [Math.round(seconds)]),
  // The column stands alone, so that an index serves it.
  isOlder: (knex, column, seconds) => knex.raw('?? < NOW() - INTERVAL ? SECOND', [column, seconds]),
  isAhead: (knex, column, seconds) => knex.raw('?? > NOW() + INTERVAL ? SECOND', [column, seconds]),
  lastInsertId: (knex) => knex.raw('LAST_INSERT_ID()'),
  aroundLastInsertId: (knex, prefix, suffix) => knex.raw('CONCAT(?, LAST_INSERT_ID(), ?)', [prefix, suffix]),
  sameAs: (knex, column, value) => knex.raw('?? <=> ?', [column, value]),
  classify,
};

/** ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, and MariaDB's "record has changed since last read". */
const contention = new Set([1205, 1213, 1020]);

/** ER_NO_SUCH_TABLE, ER_BAD_FIELD_ERROR. */
const notMigrated = new Set([1146, 1054]);

/**
 * The server refuses or ends the connection: too many connections, access denied, no such database, shutdown, killed,
 * read-only (a replica after a fail-over), disk full, aborted.
 */
const refused = new Set([
  1040, 1042, 1043, 1044, 1045, 1049, 1053, 1129, 1130, 1158, 1159, 1160, 1161, 1203, 1226, 1290, 1836, 1927, 3032,
  1021, 1114, 1317, 1792, 3169, 4031,
]);

const driverCodes =
  /^(PROTOCOL_|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH|ENETDOWN|HANDSHAKE_|ER_SERVER_GONE|ERR_STREAM|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL)/;

function classify(error: unknown): ErrorKind {
  const { code, errno, message, name } = error as {
    code?: unknown;
    errno?: unknown;
    message?: unknown;
    name?: unknown;
  };
  if (typeof errno === 'number' && contention.has(errno)) return 'contention';
  if (typeof errno === 'number' && notMigrated.has(errno)) return 'not-migrated';
  if (typeof errno === 'number' && refused.has(errno)) return 'unreachable';
  if (typeof code === 'string' && driverCodes.test(code)) return 'unreachable';
  if (name === 'KnexTimeoutError') return 'unreachable';
  if (typeof message === 'string' && /closed state|Connection lost|is closed|Timeout acquiring/i.test(message))
    return 'unreachable';
  return 'other';
}
