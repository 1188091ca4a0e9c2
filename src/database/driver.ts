import type { Knex } from 'knex';
import type { Clock } from '../runtime/clock.js';
import type { DatabaseTimezone } from './database-timezone.js';
import type { Dialect } from './dialect.js';
import type { Schema } from '../../migrations/schema.js';
import type { ScriptRunner, Statement, StepResult } from './script.js';

/** How often a script is tried that was rolled back because of others, or may have been. */
export const scriptAttempts = 5;

/**
 * An open database of one kind: all in which it differs from others. What uses one asks it, and never which it is; a new
 * kind is a folder of `drivers` and a line of `open-database.ts`.
 */
export interface Driver {
  readonly dialect: Dialect;
  /** Builds queries, and runs those that read. */
  readonly reads: Knex;
  readonly scripts: ScriptRunner;
  /** Runs scripts that must not wait behind others; the same one where scripts are short. */
  readonly urgentScripts: ScriptRunner;
  /** Runs a statement that waits for no lock where that would keep scripts waiting; fails at once instead. */
  runAside(statement: Statement): Promise<unknown>;
  /** Returns the schema as seen through a connection of `reads`. */
  schema(connection: unknown): Schema;
  readonly lock: MigrationLock;
  /** Asks how a query would be run; runs nothing. */
  explain(query: Statement): Promise<QueryPlan>;
  /** Asks whether it takes no writes from anybody, or, of a file, from this user; writes nothing and waits for no lock. */
  isReadOnly(): Promise<boolean>;
  /** Looks, before each use, whether the database still is what was opened; throws DatabaseUnusableError where it is not. */
  look(): void;
  /** Ends what leads to the database, once `scripts` and `reads` are closed. */
  close(): void;
}

/** Knex prints some failures to stdout, which belongs to results; they are thrown all the same. */
export const quietKnex: Knex.Logger = {
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
  deprecate: () => undefined,
};

/** What opens a driver. */
export interface DriverSettings {
  readonly timezone: DatabaseTimezone;
  /** The database as a person may see it. */
  readonly label: string;
  readonly clock: Clock;
  readonly create?: boolean | 'in-memory';
  readonly statementTimeoutMs?: number;
  readonly beatTimeoutMs?: number;
  readonly isLookedAt?: boolean;
  readonly poolSize?: number;
  readonly warn?: (text: string) => void;
}

/** How a database would run a query. */
export interface QueryPlan {
  /** The index that it would take; null where it would read a table itself. */
  readonly index: string | null;
  /** The rows that it expects to look at; null where it does not say. */
  readonly rows: number | null;
}

/** What a lock is taken with. */
export interface LockOptions {
  /** The schema as seen through the connection that the work has to itself. */
  readonly schema: Schema;
  readonly dialect: Dialect;
  readonly clock: Clock;
  /** Runs a script beside that connection. */
  readonly write: (steps: readonly (Knex.QueryBuilder | Statement)[]) => Promise<readonly StepResult[]>;
  /** Called once where another holds the lock. */
  readonly onWait: () => void;
}

/** Throws ConflictError where the lock has gone to another meanwhile; to be called before anything is changed. */
export type StillHeld = () => Promise<void>;

/** Runs work while no other `migrate` changes the schema. */
export type MigrationLock = <T>(options: LockOptions, work: (stillHeld: StillHeld) => Promise<T>) => Promise<T>;
