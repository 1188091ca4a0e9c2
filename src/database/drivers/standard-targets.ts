import { indexNames } from '../targets/index-name.js';
import type { BulkInsert } from '../script.js';
import type { ColumnType, TargetColumn, TargetTable } from '../target-dialect.js';
import { quoteName } from './quote-name.js';

// What SQLite and PostgreSQL say alike of the tables that sinks fill.

/** Writes what makes a table and its indexes. `path`: the table's name as it is written. */
export function createTable(
  path: string,
  table: TargetTable,
  typeName: (type: ColumnType) => string,
  options = '',
): readonly string[] {
  const { columns, key, unique = [], indexes } = table;
  const nameOf = indexNames(table);
  const parts = [...columns.map((column) => writeColumn(column, typeName)), `PRIMARY KEY (${listed(key)})`];
  if (unique.length > 0) parts.push(`UNIQUE (${listed(unique)})`);
  return [
    `CREATE TABLE IF NOT EXISTS ${path} (${parts.join(', ')})${options}`,
    ...indexes.map((index) => createIndex(path, nameOf(index, false), index, false)),
  ];
}

export function writeColumn({ name, type, nullable }: TargetColumn, typeName: (type: ColumnType) => string): string {
  return `${quoteName(name)} ${typeName(type)}${nullable ? '' : ' NOT NULL'}`;
}

export function createIndex(path: string, name: string, columns: readonly string[], unique: boolean): string {
  const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
  return `CREATE ${kind} ${quoteName(name)} ON ${path} (${listed(columns)})`;
}

/** What an INSERT says at its end where it replaces rows that are there. */
export function replacing({ key, columns }: BulkInsert): string {
  if (key === undefined) return '';
  const changed = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => quoteName(name));
  return ` ON CONFLICT (${listed(key)}) DO UPDATE SET ${changed.map((name) => `${name} = excluded.${name}`).join(', ')}`;
}

/** The code that an error of the database bears. */
export function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown }).code);
}

function listed(names: readonly string[]): string {
  return names.map(quoteName).join(', ');
}
