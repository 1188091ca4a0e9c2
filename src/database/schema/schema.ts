import type { Knex } from 'knex';

/** Something in a database that a migration made, and that a rollback may therefore drop, or call by its old name. */
export type SchemaObject =
  | { readonly kind: 'table'; readonly table: string }
  | { readonly kind: 'column'; readonly table: string; readonly name: string }
  | { readonly kind: 'index'; readonly table: string; readonly name: string }
  | { readonly kind: 'rename'; readonly table: string; readonly name: string; readonly from: string };

/** One step of a migration. */
export interface SchemaChange {
  /** What it does, for people, in one line. */
  readonly text: string;
  readonly sql: string;
  /** What to run where the server does not know how to do `sql` (an ALGORITHM that it lacks). */
  readonly fallback?: string;
  readonly makes?: readonly SchemaObject[];
}

export interface ColumnInfo {
  /** As the server writes it, e.g. `datetime(6)`; lower case. */
  readonly type: string;
  readonly comment: string;
  readonly nullable: boolean;
  /** An INSERT must give it a value. */
  readonly required: boolean;
  /** The server sets the column by itself when the row changes. */
  readonly onUpdate: boolean;
}

/** What a migration can see of the database that it is about to change. */
export interface Schema {
  readonly isMysql: boolean;
  /** The offset in which the database holds its instants, or will once it is migrated. */
  readonly timezone: string;
  /** Builds statements; never runs them. */
  readonly knex: Knex;
  hasTable(table: string): Promise<boolean>;
  columns(table: string): Promise<ReadonlyMap<string, ColumnInfo>>;
  /** Names of the indexes of a table with their columns in order. */
  indexes(table: string): Promise<ReadonlyMap<string, readonly string[]>>;
}

/**
 * One step of the schema's history. `changes` answers what is missing: it looks before each change, so that it can be
 * run again after a crash in its middle (a server commits each DDL statement by itself).
 */
export interface Migration {
  /** Sorts in the order of the migrations. */
  readonly name: string;
  changes(schema: Schema): Promise<readonly SchemaChange[]>;
}
