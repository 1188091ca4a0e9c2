import type { Knex } from 'knex';
import type { Dialect } from '../../dialect.js';
import { classify, hint } from './postgres-errors.js';
import { postgresTargets } from './postgres-targets.js';
import { rowsOf } from './postgres-values.js';

/**
 * The clock in the session's time zone, to the second. now() would be that of the transaction's begin; and what is read
 * once in a statement, as this is, an index serves.
 */
const now = "date_trunc('second', (SELECT clock_timestamp())::timestamp)";

/** The same, for each row anew. */
const liveNow = "date_trunc('second', clock_timestamp()::timestamp)";

/** The server's instants reach back to 4713 BC, and what lies before them is an error. */
const longestSeconds = 6e10;

/** The dialect of PostgreSQL 14 or newer. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  now: (knex) => knex.raw(now),
  liveNow: (knex) => knex.raw(liveNow),
  milliseconds: (knex) =>
    knex.raw("TRUNC(EXTRACT(EPOCH FROM clock_timestamp() - TIMESTAMPTZ '2025-01-01 00:00:00+00') * 1000)::bigint"),
  uptime: (knex) => ({
    query: knex.raw('SELECT FLOOR(EXTRACT(EPOCH FROM clock_timestamp() - pg_postmaster_start_time())) AS seconds'),
    read: (answer) => {
      const { seconds = -1 } = (rowsOf(answer)[0] ?? {}) as { readonly seconds?: number };
      // It is counted by the wall clock: where that was set back behind the start, nothing is known.
      return seconds < 0 ? null : seconds;
    },
  }),
  skipLocked: (query) => query.forUpdate().skipLocked(),
  secondsSince: (knex, column) => knex.raw(`TRUNC(EXTRACT(EPOCH FROM ${now} - ??))::bigint`, [column]),
  secondsAgo: (knex, seconds) => knex.raw('?', [shifted(knex, -Math.round(seconds))]),
  // The column stands alone, so that an index serves it.
  isOlder: (knex, column, seconds) => knex.raw('?? < ?', [column, shifted(knex, -seconds)]),
  isAhead: (knex, column, seconds) => knex.raw('?? > ?', [column, shifted(knex, seconds)]),
  // Asked for once: a function that may answer otherwise each time would be called for each row.
  lastInsertId: (knex, table) => knex.raw("(SELECT currval(pg_get_serial_sequence(?, 'id')))", [table]),
  aroundLastInsertId: (knex, table, prefix, suffix) =>
    knex.raw("CONCAT(?, currval(pg_get_serial_sequence(?, 'id')), ?)", [prefix, table, suffix]),
  countFrom: (knex, table, id) => [
    knex.raw(
      `SELECT setval(ids, ?) FROM (SELECT pg_get_serial_sequence(?, 'id')::regclass AS ids) AS of_table
       WHERE COALESCE(pg_sequence_last_value(ids), 0) < ?`,
      [id, table, id],
    ),
  ],
  // The clock in a row's condition was asked before a lock on it was waited for, unless the row was changed meanwhile.
  notAfter: (knex, instant) => [knex.select(knex.raw('1')).whereRaw(`${liveNow} <= ?`, [instant])],
  judgeDeferredKeys: (knex) => [knex.raw('SET CONSTRAINTS ALL IMMEDIATE')],
  jsonText: (knex, column, key) => knex.raw('??::json ->> ?', [column, key]),
  // Of an expression it takes half of all rows to fit.
  sieve: (condition) => `COALESCE(${condition}, FALSE)`,
  sameAs: (knex, column, value) => knex.raw('?? IS NOT DISTINCT FROM ?', [column, value]),
  nullsLow: (order) => ({ nulls: order === 'asc' ? 'first' : 'last' }),
  // A number is no BOOLEAN; what is quoted becomes what the column is.
  flag: (isSet) => (isSet ? '1' : '0'),
  classify,
  hint,
  targets: postgresTargets,
};

function shifted(knex: Knex, seconds: number): Knex.Raw {
  const within = Math.max(-longestSeconds, Math.min(longestSeconds, seconds));
  return knex.raw(`${now} + ? * interval '1 second'`, [within]);
}
