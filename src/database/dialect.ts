import type { Knex } from 'knex';
import type { TargetDialect } from './target-dialect.js';

/** What a database's error means for the caller. */
export type ErrorKind =
  /** The server is away, or did not answer in time: what a statement did is unknown. */
  | 'unreachable'
  /** The transaction was rolled back, or never began, because of others: it can be tried again. */
  | 'contention'
  /**
   * A row is there already. It can be tried again: what Galera takes back for another transaction that has landed before it, as the
   * same one sent to a node that was cut off, meets that one's rows before it hears of its own end. Its fences tell then.
   */
  | 'duplicate'
  /** A foreign key, as an older program's, refers to what was to go, or to what is not there. */
  | 'foreign-key'
  /** The server refuses the login, or knows no such database: the URL is wrong, or an account was changed. */
  | 'refused'
  /** The file is no database, or is damaged. */
  | 'malformed'
  /** What speaks to it can't be loaded: it was built for another version of Node, or not at all. */
  | 'unloadable'
  /** The login lacks a right. */
  | 'forbidden'
  /** A column of an older program must have a value, and has no default. */
  | 'no-default'
  /** A column of an older program has a character set without some character. */
  | 'no-charset'
  /** A table or column is missing. */
  | 'not-migrated'
  | 'other';

/** How to ask a server for how long it is up. */
export interface Uptime {
  readonly query: Knex.Raw;
  /** Reads the seconds out of the answer; null where they are not in it. */
  read(answer: unknown): number | null;
}

/** Every difference between databases that a store needs to know. */
export interface Dialect {
  readonly name: 'sqlite' | 'mysql' | 'postgres';
  /** The database's clock, in the database's time zone, to the second. */
  now(knex: Knex): Knex.Raw;
  /** The clock at the moment in which a row is judged, not that at which its statement began. */
  liveNow(knex: Knex): Knex.Raw;
  /** The clock at this moment: milliseconds since 2025 began, in UTC whatever the database's time zone is. */
  milliseconds(knex: Knex): Knex.Raw;
  /** Asks how many seconds the server is up; null where there is no server. */
  uptime(knex: Knex): Uptime | null;
  /** Leaves rows out that others have locked, where the database locks rows. */
  skipLocked(query: Knex.QueryBuilder): Knex.QueryBuilder;
  /** Whole seconds from the instant in `column` to now, by the database's clock. */
  secondsSince(knex: Knex, column: string): Knex.Raw;
  /** The instant so many seconds ago, by the database's clock, as chainparse writes instants: an index serves a comparison. */
  secondsAgo(knex: Knex, seconds: number): Knex.Raw;
  /** True where the instant in `column` lies more than so many seconds back, by the database's clock. */
  isOlder(knex: Knex, column: string, seconds: number): Knex.Raw;
  /** True where the instant in `column` lies more than so many seconds ahead, by the database's clock. */
  isAhead(knex: Knex, column: string, seconds: number): Knex.Raw;
  /** The id that this connection's latest INSERT into a table was given; nothing else was inserted since. */
  lastInsertId(knex: Knex, table: string): Knex.Raw;
  /** `prefix`, the latest inserted id and `suffix` as one text. */
  aroundLastInsertId(knex: Knex, table: string, prefix: string, suffix: string): Knex.Raw;
  /** Steps of a script behind an INSERT that has named its id: ids that the database gives from now on are higher. */
  countFrom(knex: Knex, table: string, id: number): readonly Knex.Raw[];
  /** Fences of a script that fail once an instant has passed, where a row may be judged before its lock is waited for. */
  notAfter(knex: Knex, instant: string): readonly Knex.QueryBuilder[];
  /**
   * Steps of a script that fail where it has broken a foreign key that is judged only at its end (DEFERRABLE INITIALLY DEFERRED); empty
   * where there are no such keys, or, as on SQLite, nothing judges them sooner.
   */
  judgeDeferredKeys(knex: Knex): readonly Knex.Raw[];
  /** True where `column` equals `value`, NULL included. */
  sameAs(knex: Knex, column: string, value: number | string | null): Knex.Raw;
  /**
   * A condition of SQL on rows that are walked over in the order of an index: it is to have no say in which index that is.
   * PostgreSQL without statistics of a table, as it is while a history is read into it, takes next to no row to fit, and would
   * sort all of a pipeline for the first hundred that do.
   */
  sieve(condition: string): string;
  /** The value under a key of the JSON object in a column, as text; NULL where it has none. */
  jsonText(knex: Knex, column: string, key: string): Knex.Raw;
  /** What an order by a column has to say so that NULL comes before every value, or last where it is turned round. */
  nullsLow(order: 'asc' | 'desc'): { readonly nulls?: 'first' | 'last' };
  /** What to write into, and to compare with, a flag of a table that may be an older program's: it may be a number or a truth value there. */
  flag(isSet: boolean): number | string;
  /** Sorts what a driver threw. */
  classify(error: unknown): ErrorKind;
  /** What a person can do about an error of a kind, in a line. */
  hint(error: unknown, kind: ErrorKind): string;
  /** The tables that sinks fill. */
  readonly targets: TargetDialect;
}
