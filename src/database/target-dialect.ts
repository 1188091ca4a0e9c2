import type { Knex } from 'knex';

/** What a column of a sink's table holds. */
export type ColumnType =
  | { readonly kind: 'int32' | 'int64' | 'bool' | 'text' | 'json' | 'time' }
  /** A whole number of so many decimal digits at most. */
  | { readonly kind: 'number'; readonly digits: number }
  /** A text of so many ASCII characters: an address, a hash. */
  | { readonly kind: 'ascii'; readonly length: number }
  /** A text of so many characters at most. */
  | { readonly kind: 'name'; readonly length: number };

/** A column of a sink's table. */
export interface TargetColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** What it may be in a table that is there, which may have been made for more events; left out: nothing else. */
  readonly wider?: readonly ColumnType[];
}

/** A member of a JSON object whose members are all texts of digits or plain ASCII, or truth values, with nothing between them. */
export interface JsonMember {
  readonly key: string;
  /** Of the column that its value goes to; `bool` where it is a truth value. */
  readonly type: ColumnType;
  /** The number of its key among the parts into which quotation marks cut the object, from 1, where it is written as is usual. */
  readonly part: number;
}

/** Where a table is, or would be made: all that it takes to find it from any connection. */
export interface TargetPlace {
  /** Null where the database has no schemas. */
  readonly schema: string | null;
  readonly name: string;
  /** The name as the database tells it from others: in lower case where case makes no difference. */
  readonly folded: string;
}

/** A table as it must be. */
export interface TargetTable {
  readonly place: TargetPlace;
  readonly columns: readonly TargetColumn[];
  /** The columns that no two rows share. */
  readonly key: readonly string[];
  /** Others that no two rows share. */
  readonly unique?: readonly string[];
  readonly indexes: readonly (readonly string[])[];
  /** Names that its indexes can't have. */
  readonly taken?: readonly string[];
}

/** A column as it is there. */
export interface FoundColumn {
  readonly name: string;
  /** As the database writes it. */
  readonly type: string;
  readonly nullable: boolean;
  /** An INSERT must give it a value. */
  readonly required: boolean;
}

/** An index as it is there. */
export interface FoundIndex {
  readonly name: string;
  /** In order; an expression, and whatever is in an index of some rows alone, is an empty text. */
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** What makes it, where no column can be changed below it; null: it is part of its table. */
  readonly sql?: string | null | undefined;
}

/** A relation of some name as it is there. */
export interface FoundRelation {
  /** Rows can be written into it: it is no view. */
  readonly isTable: boolean;
  /** Those that an INSERT can give values to: no generated ones. */
  readonly columns: readonly FoundColumn[];
}

/** Something that is asked of a database, and how the answer is read. */
export interface TargetQuestion<T> {
  readonly query: Knex.Raw;
  readonly read: (answer: unknown) => T;
}

/** How a database makes, shows and changes the tables that sinks fill. */
export interface TargetDialect {
  /** Asks where a name leads to; throws UsageError where there can be no such table. */
  place(knex: Knex, schema: string | null, name: string): TargetQuestion<TargetPlace>;
  /** Asks what is at a place; null: nothing. */
  relation(knex: Knex, place: TargetPlace): TargetQuestion<FoundRelation | null>;
  /** Asks for the indexes of a table, its primary key among them. */
  indexes(knex: Knex, place: TargetPlace): TargetQuestion<readonly FoundIndex[]>;
  /** Asks for names that an index which is added to a table, or made with it, can't have. */
  takenNames(knex: Knex, place: TargetPlace): TargetQuestion<readonly string[]>;
  /** Names of columns are told apart without their case. */
  readonly foldsColumns: boolean;
  /** The name of a type, as definitions of columns have it. */
  typeName(type: ColumnType): string;
  /** Says whether a column of a type, as the database writes it, holds what another is meant for. */
  fits(found: string, type: ColumnType): boolean;
  /** Bytes of the longest text that an index takes; null: of any length. */
  readonly longestIndexed: number | null;
  /** What an instant of UTC says behind its seconds. */
  readonly utcMark: string;
  /** Writes the bytes of a column of chainparse's tables as 0x-hex in lower case. */
  hexOf(knex: Knex, column: string): Knex.Raw;
  /** The instant, as `time` columns hold it, that lies so many seconds behind the beginning of 1970 as a column says. */
  instantOf(knex: Knex, column: string): Knex.Raw;
  /** Reads a member of the JSON object in a column as a value of its type; NULL where there is none. */
  memberOf(knex: Knex, column: string, member: JsonMember): Knex.Raw;
  /** The statements that make a table. */
  create(table: TargetTable): readonly string[];
  /** What makes a table is part of a transaction: with its other steps it is done, or not at all. */
  readonly makesInTransaction: boolean;
  addColumn(place: TargetPlace, column: TargetColumn): string;
  /** Gives a column of a table with these indexes another type, and lets it be NULL where it may. */
  changeColumn(place: TargetPlace, column: TargetColumn, indexes: readonly FoundIndex[]): string;
  /** Lets a column that is not chainparse's be NULL. */
  allowNull(place: TargetPlace, column: FoundColumn, indexes: readonly FoundIndex[]): string;
  addIndex(table: TargetTable, name: string, columns: readonly string[], unique: boolean): string;
  dropIndex(place: TargetPlace, index: string): string;
  /** Says whether a database refused a row for what is in it: another row may be taken. */
  refusesRow(error: unknown): boolean;
  /** Says whether a database refused a table for how many columns it has, or how long they make its rows. */
  isTooWide(error: unknown): boolean;
}
