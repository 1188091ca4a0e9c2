import type { Dialect, ErrorKind } from '../dialect.js';

/** SQLite's dialect; `timezone` (`+08:00`) is the offset in which instants are stored. */
export function sqliteDialect(timezone: string): Dialect {
  return {
    name: 'sqlite',
    now: (knex) => knex.raw("datetime('now', ?)", [timezone]),
    liveNow: (knex) => knex.raw("datetime('now', ?)", [timezone]),
    uptime: () => null,
    skipLocked: (query) => query,
    secondsSince: (knex, column) => knex.raw("unixepoch('now', ?) - unixepoch(??)", [timezone, column]),
    secondsAgo: (knex, seconds) => knex.raw("datetime('now', ?, ?)", [timezone, `-${Math.round(seconds)} seconds`]),
    // Not as text: other programs write instants in other forms.
    isOlder: (knex, column, seconds) =>
      knex.raw("unixepoch(??) < unixepoch('now', ?) - ?", [column, timezone, seconds]),
    isAhead: (knex, column, seconds) =>
      knex.raw("unixepoch(??) > unixepoch('now', ?) + ?", [column, timezone, seconds]),
    lastInsertId: (knex) => knex.raw('last_insert_rowid()'),
    aroundLastInsertId: (knex, prefix, suffix) => knex.raw('? || last_insert_rowid() || ?', [prefix, suffix]),
    sameAs: (knex, column, value) => knex.raw('?? IS ?', [column, value]),
    classify,
  };
}

const unreachable = /^SQLITE_(FULL|IOERR|CANTOPEN|CORRUPT|READONLY|PERM|AUTH|NOLFS)/;

function classify(error: unknown): ErrorKind {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : '';
  if (typeof code === 'string' && /^SQLITE_(BUSY|LOCKED)/.test(code)) return 'contention';
  if (code === 'SQLITE_NOTADB') return 'refused';
  if (code === 'SQLITE_CONSTRAINT_NOTNULL') return 'no-default';
  if (typeof code === 'string' && unreachable.test(code)) return 'unreachable';
  if (/directory does not exist|unable to open database/.test(text)) return 'unreachable';
  if (/no such (table|column)|has no column named/.test(text)) return 'not-migrated';
  return 'other';
}
