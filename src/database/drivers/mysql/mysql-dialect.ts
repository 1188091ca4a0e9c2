import type { Dialect } from '../../dialect.js';
import { classify, hint } from './mysql-errors.js';
import { mysqlTargets } from './mysql-targets.js';

/** The dialect of MySQL 8 and MariaDB 10.6 or newer. */
export const mysqlDialect: Dialect = {
  name: 'mysql',
  now: (knex) => knex.raw('NOW()'),
  liveNow: (knex) => knex.raw('SYSDATE()'),
  milliseconds: (knex) => knex.raw("TIMESTAMPDIFF(MICROSECOND, '2025-01-01', UTC_TIMESTAMP(3)) DIV 1000"),
  uptime: (knex) => ({ query: knex.raw("SHOW GLOBAL STATUS LIKE 'Uptime'"), read: readUptime }),
  skipLocked: (query) => query.forUpdate().skipLocked(),
  secondsSince: (knex, column) => knex.raw('TIMESTAMPDIFF(SECOND, ??, NOW())', [column]),
  secondsAgo: (knex, seconds) => knex.raw('NOW() - INTERVAL ? SECOND', [Math.round(seconds)]),
  // The column stands alone, so that an index serves it.
  isOlder: (knex, column, seconds) => knex.raw('?? < NOW() - INTERVAL ? SECOND', [column, seconds]),
  isAhead: (knex, column, seconds) => knex.raw('?? > NOW() + INTERVAL ? SECOND', [column, seconds]),
  lastInsertId: (knex) => knex.raw('LAST_INSERT_ID()'),
  aroundLastInsertId: (knex, _table, prefix, suffix) => knex.raw('CONCAT(?, LAST_INSERT_ID(), ?)', [prefix, suffix]),
  countFrom: () => [],
  nullsLow: () => ({}),
  notAfter: () => [],
  judgeDeferredKeys: () => [],
  jsonText: (knex, column, key) => knex.raw('JSON_UNQUOTE(JSON_EXTRACT(??, ?))', [column, `$.${key}`]),
  sieve: (condition) => condition,
  sameAs: (knex, column, value) => knex.raw('?? <=> ?', [column, value]),
  // A BIT would take a text for its characters.
  flag: (isSet) => (isSet ? 1 : 0),
  classify,
  hint,
  targets: mysqlTargets,
};

function readUptime(answer: unknown): number | null {
  const [rows] = answer as [readonly { readonly Value: string }[]];
  return rows[0] === undefined ? null : Number(rows[0].Value);
}
