import {
  ChainparseError,
  DatabaseRefusedError,
  DatabaseUnreachableError,
  DatabaseUnusableError,
  NotMigratedError,
  RuntimeFailure,
  messageOf,
} from '../runtime/errors.js';
import type { Dialect } from './dialect.js';

/** Turns what a driver threw into the error that the rest of the program knows; others pass as they are. */
export function translateError(dialect: Dialect, label: string, error: unknown): unknown {
  if (error instanceof ChainparseError) return error;
  switch (dialect.classify(error)) {
    case 'unreachable':
      return unreachable(dialect, label, error);
    case 'malformed':
      return new DatabaseUnusableError(`the database ${label} can't be read: ${firstLine(error)}`, {
        hint: hintFor(dialect, error),
        cause: error,
      });
    case 'refused':
      return new DatabaseRefusedError(`the database ${label} can't be reached: ${firstLine(error)}`, {
        hint: hintFor(dialect, error),
        cause: error,
      });
    case 'forbidden':
      return new RuntimeFailure(`the database ${label} does not let this user: ${firstLine(error)}`, {
        hint: 'GRANT SELECT, INSERT, UPDATE, DELETE ON the database; migrate wants CREATE, ALTER, INDEX too, --rollback DROP',
        cause: error,
      });
    case 'no-default':
      return new RuntimeFailure(
        `the database ${label} wants a value that chainparse does not know: ${firstLine(error)}`,
        {
          hint: 'a column of an older program: give it a default, or let it be NULL (ALTER TABLE)',
          cause: error,
        },
      );
    case 'not-migrated':
      return new NotMigratedError(`the database ${label} is not migrated: ${firstLine(error)}`, {
        hint: 'chainparse migrate',
        cause: error,
      });
    case 'contention':
      return new DatabaseUnreachableError(`the database ${label} is busy: ${firstLine(error)}`, {
        hint: 'another process holds a lock for long: see who writes to it',
        cause: error,
      });
    case 'other':
      return error;
  }
}

function unreachable(dialect: Dialect, label: string, error: unknown): DatabaseUnreachableError {
  return new DatabaseUnreachableError(`the database ${label} can't be reached: ${firstLine(error)}`, {
    hint: hintFor(dialect, error),
    cause: error,
  });
}

const sqliteHints: readonly [RegExp, string][] = [
  [/directory does not exist/, 'its folder does not exist: make it (mkdir -p FOLDER), or check the path in --database'],
  [/unable to open|CANTOPEN/i, "the file can't be opened or written: check the path, and the rights on its folder"],
  [/not a database|NOTADB/i, 'the file is no SQLite database: check --database'],
  [
    /CORRUPT/,
    'the file is damaged: stop what uses it, and put a copy in its place that is whole (sqlite3 FILE .recover may help)',
  ],
  [/FULL/i, 'the disk is full: make room, and what waits goes on'],
  [/READONLY|PERM/i, 'the file or its folder is read-only for this user'],
];

function hintFor(dialect: Dialect, error: unknown): string {
  const { code } = error as { code?: unknown };
  if (dialect.name === 'sqlite') {
    const text = `${String(code)} ${firstLine(error)}`;
    return sqliteHints.find(([pattern]) => pattern.test(text))?.[1] ?? 'check the file and the disk that it is on';
  }
  const { errno } = error as { errno?: unknown };
  const known = serverHints.find(([pattern]) => pattern.test(`${String(code)} ${String(errno)}`))?.[1];
  if (known !== undefined) return known;
  return dialect.classify(error) === 'refused'
    ? 'check user, password and rights in the database URL'
    : 'check that the server is up, and host and port in the database URL';
}

/** By the driver's code and the server's number. */
const serverHints: readonly [RegExp, string][] = [
  [/ 1049$/, 'create the database first: CREATE DATABASE … CHARACTER SET utf8mb4'],
  [
    /^(AUTH_SWITCH_PLUGIN_ERROR|MYSQL_CLEAR_PASSWORD_NOT_ENABLED) /,
    'let the user log in by caching_sha2_password (MySQL) or mysql_native_password (MariaDB)',
  ],
  [
    /^(HANDSHAKE_SSL_ERROR|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_TLS_CERT)/,
    "&ssl_ca=FILE names the authority of the server's certificate; ssl=skip-verify encrypts without checking it",
  ],
];

/** Knex writes the whole statement before what is wrong with it. */
const statement = /^(?:select|insert|update|delete|show|set)\b.* - (?=\S)/i;

/** What is for programmers in a driver's text. */
const driversOwnHint = / See TODO: .*/; // mysql2's own words, not a loose end of ours

function firstLine(error: unknown): string {
  const { code } = error as { code?: unknown };
  // A refused connection over several addresses is an AggregateError without a message of its own.
  const message = (messageOf(error).split('\n', 1)[0] ?? '').replace(statement, '').replace(driversOwnHint, '');
  return message === '' && typeof code === 'string' ? code : message;
}
