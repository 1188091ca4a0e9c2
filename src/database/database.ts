import type { Knex } from 'knex';
import type { DatabaseTimezone } from './database-timezone.js';
import type { Dialect } from './dialect.js';
import type { Driver, QueryPlan } from './driver.js';
import type { Schema } from '../../migrations/schema.js';
import type { BulkInsert, ScriptStep, TellSent, SqlValue, Statement, StepResult } from './script.js';

/** A query that Knex built; awaiting it runs it. */
export type Query = Knex.QueryBuilder | Knex.Raw;

/** An open database: what stores are built on. */
export interface Database {
  readonly driver: Driver;
  readonly dialect: Dialect;
  /** Builds queries. Run them with `read` or, as part of a script, with `write`. */
  readonly knex: Knex;
  /** The database as a person may see it: no user, no password. */
  readonly label: string;
  /** The offset in which the database holds its instants. */
  readonly timezone: DatabaseTimezone;
  /** Runs a query that changes nothing; tries again where contention allows it. */
  read<T>(build: (knex: Knex) => Query): Promise<T>;
  /**
   * Runs all steps in one transaction or none of them; tries again where contention rolled it back. Throws FenceError
   * where a fence did not hold, DatabaseUnreachableError where the outcome is unknown. Calls `sent` once the steps have left
   * this process.
   */
  write(steps: readonly (Query | ScriptStep)[], sent?: TellSent): Promise<readonly StepResult[]>;
  /**
   * As `write`, but never waits behind another script: for beats. A server has a connection for it that nobody else uses;
   * SQLite has one writer, whose scripts are short, and few are ahead of it.
   */
  writeUrgently(steps: readonly (Query | ScriptStep)[]): Promise<readonly StepResult[]>;
  /**
   * Runs a query that is worth less than anything else: it waits for no lock where it would keep beats or commits waiting,
   * is not tried again, and never throws. Resolves with whether it is known to be done.
   */
  writeAside(build: (knex: Knex) => Query): Promise<boolean>;
  /** Does now what an insert of a later script costs this process; returns what to write in its place. */
  prepare(insert: BulkInsert): BulkInsert;
  /** Asks how the database would run a query; runs nothing. */
  explain(query: Query): Promise<QueryPlan>;
  /** Asks whether the database takes no writes now, for it is read-only; writes nothing and waits for no lock. */
  isReadOnly(): Promise<boolean>;
  /** Runs `work` with the schema as seen through one connection, which nobody else uses meanwhile. */
  withSchema<T>(work: (schema: Schema) => Promise<T>): Promise<T>;
  /** Compiles a query for a script and marks that it must match exactly so many rows; one where nothing is said. */
  fenced(query: Query, rows?: number): Statement;
  close(): Promise<void>;
}

/** Compiles a Knex query to SQL text and bindings. */
export function compile(query: Query): Statement {
  const { sql, bindings } = query.toSQL().toNative();
  return { sql, bindings: bindings.map(toSqlValue) };
}

/** Compiles what `Database.write` takes. */
export function toStep(step: Query | ScriptStep): ScriptStep {
  return 'toSQL' in step ? compile(step) : step;
}

function toSqlValue(value: unknown): SqlValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || Buffer.isBuffer(value)) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  throw new TypeError(`a ${typeof value} is no SQL value`);
}
