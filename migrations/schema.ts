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

/** How a database writes the types that Knex has no word for, or that are added to a table of an older program. */
export interface ColumnTypes {
  /** To the second, in the database's time zone. */
  readonly instant: string;
  /** True or false. */
  readonly flag: string;
  /** A number of one byte. */
  readonly small: string;
  readonly integer: string;
  readonly double: string;
  readonly text: string;
  /** A text of any length. */
  readonly longText: string;
  string(length: number): string;
  /** Hex digits, exactly so many. */
  digest(length: number): string;
  /** Exactly so many bytes. */
  bytes(length: number): string;
}

/** A column to be added to a table that may be another program's; it may be null where nothing else is said. */
export interface ColumnToAdd {
  readonly name: string;
  readonly type: string;
  /** What it must have, as SQL: rows that are there get it. */
  readonly default?: string;
  readonly comment?: string;
}

/** Defines the columns of a table. */
export type DefineTable = (table: Knex.CreateTableBuilder) => void;

/** The schema of a database as seen through one connection, and how it is changed. */
export interface Schema {
  /** The offset in which the database holds its instants, or will once it is migrated. */
  readonly timezone: string;
  /** Builds statements; never runs them. */
  readonly knex: Knex;
  readonly types: ColumnTypes;
  /** An expression: 32 hex digits that are no other's. */
  readonly newId: string;
  hasTable(table: string): Promise<boolean>;
  columns(table: string): Promise<ReadonlyMap<string, ColumnInfo>>;
  /** Names of the indexes of a table with their columns in order. */
  indexes(table: string): Promise<ReadonlyMap<string, readonly string[]>>;
  /** The tables that keep no transactions, each with its engine. */
  withoutTransactions(): Promise<ReadonlyMap<string, string>>;
  /** Writes a name so that it can't be taken for anything else. */
  quote(name: string): string;
  /** What an index says behind a column in which NULL lies before every value. */
  readonly nullsLow: string;
  /** Returns the changes that make a table; the rows of a clustered one lie in the order of its key. */
  createTable(table: string, define: DefineTable, isClustered: boolean): readonly SchemaChange[];
  /** Returns the changes that add columns, none of which is there. */
  addColumns(table: string, columns: readonly ColumnToAdd[]): readonly SchemaChange[];
  /** Returns the changes after which a column may be null and has a comment, where the database keeps comments. */
  addComment(table: string, column: string, known: ColumnInfo, comment: string): readonly SchemaChange[];
  /** Returns the statement that drops an index. */
  dropIndex(table: string, index: string): string;
  /** Runs a query; returns its rows. */
  ask<T = unknown>(query: string | Knex.QueryBuilder): Promise<readonly T[]>;
  run(sql: string): Promise<void>;
  /** Makes a change, with its fallback where the server does not know how. */
  change(change: SchemaChange): Promise<void>;
  /** Runs a statement that drops something; returns false where something else needs it, and it stays. */
  drop(sql: string): Promise<boolean>;
  /** Has this connection write its instants in another offset; throws where the server takes none such. */
  setTimezone(offset: string): Promise<void>;
}

/**
 * One step of the schema's history. `changes` answers what is missing: it looks before each change, so that it can be
 * run again after a crash in its middle (a server commits each DDL statement by itself).
 */
export interface Migration {
  /** Sorts in the order of the migrations. */
  readonly name: string;
  changes(schema: Schema): Promise<readonly SchemaChange[]>;
  /** Returns why it can't be taken back now, for what it holds would be lost; null where it can. Left out: it always can. */
  mustStay?(schema: Schema): Promise<string | null>;
}

/** Returns the changes that make a table as Knex writes them. */
export function tableChanges(knex: Knex, table: string, define: DefineTable): readonly SchemaChange[] {
  const statements = knex.schema.createTable(table, define).toSQL() as unknown as readonly { readonly sql: string }[];
  return statements.map(({ sql }) => ({ text: `create table ${table}`, sql, makes: [{ kind: 'table', table }] }));
}

/** Groups the columns of indexes, which are listed in order, by the index's name. */
export function groupColumns(rows: readonly { name: string; col: string }[]): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const { name, col } of rows) grouped.set(name, [...(grouped.get(name) ?? []), col]);
  return grouped;
}
