import {
  ChainparseError,
  DatabaseBusyError,
  DatabaseForbiddenError,
  DatabaseRefusedError,
  DatabaseUnreachableError,
  DatabaseUnusableError,
  NotMigratedError,
  RuntimeFailure,
  messageOf,
} from '../runtime/errors.js';
import type { Dialect, ErrorKind } from './dialect.js';

/** What passes as it is: who wrote knows what it means. */
const passed = ['other', 'duplicate', 'foreign-key'] as const satisfies readonly ErrorKind[];
type PassedKind = (typeof passed)[number];

type Failure = new (message: string, options: { hint: string; cause: unknown }) => ChainparseError;

/** By the kind of error: what it becomes, what is said of the database, and what to do where the dialect does not say it. */
const failures: Record<Exclude<ErrorKind, PassedKind>, readonly [Failure, string, string?]> = {
  unreachable: [DatabaseUnreachableError, "can't be reached"],
  malformed: [DatabaseUnusableError, "can't be read"],
  refused: [DatabaseRefusedError, "can't be opened"],
  unloadable: [RuntimeFailure, "can't be opened by this version of Node"],
  forbidden: [DatabaseForbiddenError, 'does not let this user'],
  'no-default': [
    RuntimeFailure,
    'wants a value that chainparse does not know',
    'a column of an older program: give it a default, or let it be NULL (ALTER TABLE)',
  ],
  'no-charset': [
    RuntimeFailure,
    "can't hold a text",
    'a table of an older program has another character set: ALTER TABLE pipeline (and pipeline_task) CONVERT TO CHARACTER SET utf8mb4',
  ],
  // Migrations that were applied are not applied again: what was dropped after them does not come back by them.
  'not-migrated': [
    NotMigratedError,
    'is not migrated',
    'chainparse migrate; where that finds nothing to do, a table or a column was dropped: bring it back from a backup',
  ],
  contention: [DatabaseBusyError, 'is busy', 'another process holds a lock for long: see who writes to it'],
};

/** Turns what a driver threw into the error that the rest of the program knows; others pass as they are, without the statement. */
export function translateError(dialect: Dialect, label: string, error: unknown): unknown {
  if (error instanceof ChainparseError) return error;
  const kind = dialect.classify(error);
  if (isPassed(kind)) {
    if (error instanceof Error) error.message = error.message.replace(statement, '');
    return error;
  }
  const [Failure, what, hint] = failures[kind];
  return new Failure(`the database ${label} ${what}: ${errorWords(error)}`, {
    hint: hint ?? (poolTimeout.test(messageOf(error)) ? poolHint : dialect.hint(error, kind)),
    cause: error,
  });
}

function isPassed(kind: ErrorKind): kind is PassedKind {
  return passed.some((other) => other === kind);
}

/** Knex writes the whole statement, with every value, before what is wrong with it. */
const statement =
  /^(?:select|insert|update|delete|show|set|with|create|alter|drop|comment|begin|commit|lock|truncate|explain|pragma)\b.* - (?=\S)/is;

/** What is for programmers in a driver's text: how mysql2 could be taught a way of logging in, and where a module was looked for. */
const driversOwnHint = / See .* on how to configure or author .*| Tried:$/;

/** What Node says, over four lines, of a module that was compiled for another version of it. */
const otherNode = /^The module '(.*)'\nwas compiled against a different Node\.js version[^]*/;

/** What Knex says where its pool got no connection in time: the server is silent, or has none to give. */
const poolTimeout = /^.*\bTimeout acquiring a connection\b.*/;

const poolHint = 'see whether the server, or a pooler before it, answers and has connections left';

/** Returns what is wrong in the driver's words, in one line. */
export function errorWords(error: unknown): string {
  const { code } = error as { code?: unknown };
  // A refused connection over several addresses is an AggregateError without a message of its own.
  const text = messageOf(error).replace(statement, '').replace(otherNode, '$1 was compiled for another one');
  const line = text.split('\n', 1)[0] ?? '';
  const message = line.replace(driversOwnHint, '').replace(poolTimeout, 'no connection came free');
  return message === '' && typeof code === 'string' ? code : message;
}
