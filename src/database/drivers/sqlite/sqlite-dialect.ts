import type { Database as Connection } from 'better-sqlite3';
import { storedTimezoneSql } from '../../database-timezone.js';
import type { DatabaseTimezone } from '../../database-timezone.js';
import type { Dialect } from '../../dialect.js';
import { classify, hint } from './sqlite-errors.js';
import { sqliteTargets } from './sqlite-targets.js';

/** SQLite's dialect; `timezone` gives the offset in which instants are stored (`+08:00`), once it is needed. */
export function sqliteDialect(timezone: () => string): Dialect {
  return {
    name: 'sqlite',
    now: (knex) => knex.raw("datetime('now', ?)", [timezone()]),
    liveNow: (knex) => knex.raw("datetime('now', ?)", [timezone()]),
    milliseconds: (knex) => knex.raw("CAST((julianday('now') - julianday('2025-01-01')) * 86400000 AS INTEGER)"),
    uptime: () => null,
    skipLocked: (query) => query,
    nullsLow: () => ({}),
    secondsSince: (knex, column) => knex.raw("unixepoch('now', ?) - unixepoch(??)", [timezone(), column]),
    secondsAgo: (knex, seconds) => knex.raw("datetime('now', ?, ?)", [timezone(), `${-Math.round(seconds)} seconds`]),
    // Not as text: other programs write instants in other forms.
    isOlder: (knex, column, seconds) =>
      knex.raw("unixepoch(??) < unixepoch('now', ?) - ?", [column, timezone(), seconds]),
    isAhead: (knex, column, seconds) =>
      knex.raw("unixepoch(??) > unixepoch('now', ?) + ?", [column, timezone(), seconds]),
    lastInsertId: (knex) => knex.raw('last_insert_rowid()'),
    aroundLastInsertId: (knex, _table, prefix, suffix) => knex.raw('? || last_insert_rowid() || ?', [prefix, suffix]),
    countFrom: () => [],
    notAfter: () => [],
    judgeDeferredKeys: () => [],
    jsonText: (knex, column, key) => knex.raw('json_extract(??, ?)', [column, `$.${key}`]),
    sieve: (condition) => condition,
    sameAs: (knex, column, value) => knex.raw('?? IS ?', [column, value]),
    flag: (isSet) => (isSet ? 1 : 0),
    classify,
    hint,
    targets: sqliteTargets,
  };
}

/** Learns a database's time zone over a connection, where it is migrated; throws UsageError where it is none that is set. */
export function learnTimezone(connection: Connection, timezone: DatabaseTimezone): Connection {
  if (timezone.isLearnt) return connection;
  try {
    const row = connection.prepare<[], { time_zone: string }>(storedTimezoneSql).get();
    if (row !== undefined) timezone.learn(row.time_zone);
  } catch (error) {
    if (classify(error) !== 'not-migrated') throw error;
  }
  return connection;
}
