import type { ErrorKind } from '../../dialect.js';
import { errorWords } from '../../database-errors.js';

const unreachable = /^SQLITE_(FULL|IOERR|CANTOPEN|READONLY|PERM|AUTH|NOLFS)/;

/** Sorts what SQLite threw. */
export function classify(error: unknown): ErrorKind {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : '';
  if (typeof code === 'string' && /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) return 'contention';
  if (typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB)/.test(code)) return 'malformed';
  if (code === 'SQLITE_CONSTRAINT_NOTNULL') return 'no-default';
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return 'foreign-key';
  if (typeof code === 'string' && unreachable.test(code)) return 'unreachable';
  if (/directory does not exist|unable to open database/.test(text)) return 'unreachable';
  if (/no such (table|column)|has no column named/.test(text)) return 'not-migrated';
  if (unloadable.test(text)) return 'unloadable';
  return 'other';
}

/** What Node and the package say of a build for another version of Node, and of none. */
const unloadable = /NODE_MODULE_VERSION|bindings file|better_sqlite3\.node/;

const hints: readonly [RegExp, string][] = [
  [
    /better_sqlite3\.node|bindings file/,
    'build it for this version of Node: npm rebuild better-sqlite3, where chainparse is installed; npm 12 asks for npm install-scripts approve better-sqlite3 before',
  ],
  [/directory does not exist/, 'its folder does not exist: make it (mkdir -p FOLDER), or check the path in --database'],
  [/unable to open|CANTOPEN/i, "the file can't be opened or written: check the path, and the rights on its folder"],
  [/not a database|NOTADB/i, 'the file is no SQLite database: check --database'],
  [
    /CORRUPT/,
    'the file is damaged: stop what uses it, and put a copy in its place that is whole (sqlite3 FILE .recover may help)',
  ],
  // Where its -shm can't grow SQLite says no more than this of a full disk.
  [/IOERR/, "the disk is full (df -h), or it fails (the system's log says so): make room, and what waits goes on"],
  [/FULL/i, 'the disk is full: make room, and what waits goes on'],
  [
    /READONLY|PERM/i,
    'the file, its -wal or -shm beside it, or its folder is read-only for this user: give it the right to write them all',
  ],
];

/** Says what a person can do about what SQLite threw. */
export function hint(error: unknown): string {
  const text = `${String((error as { code?: unknown }).code)} ${errorWords(error)}`;
  return hints.find(([pattern]) => pattern.test(text))?.[1] ?? 'check the file and the disk that it is on';
}
