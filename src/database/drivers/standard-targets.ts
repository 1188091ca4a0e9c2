import { indexName } from '../targets/index-name.js';
import type { ColumnType, TargetColumn, TargetTable } from '../target-dialect.js';
import { quoteName } from './quote-name.js';

// What SQLite and PostgreSQL say alike of the tables that sinks fill.

/** Writes what makes a table and its indexes. `path`: the table's name as it is written. */
export function createTable(
  path: string,
  { place, columns, key, unique = [], indexes }: TargetTable,
  typeName: (type: ColumnType) => string,
  options = '',
): readonly string[] {
  const parts = [...columns.map((column) => writeColumn(column, typeName)), `PRIMARY KEY (${listed(key)})`];
  if (unique.length > 0) parts.push(`UNIQUE (${listed(unique)})`);
  return [
    `CREATE TABLE IF NOT EXISTS ${path} (${parts.join(', ')})${options}`,
    ...indexes.map((index) => createIndex(path, place.name, index, false)),
  ];
}

export function writeColumn({ name, type, nullable }: TargetColumn, typeName: (type: ColumnType) => string): string {
  return `${quoteName(name)} ${typeName(type)}${nullable ? '' : ' NOT NULL'}`;
}

export function createIndex(path: string, table: string, columns: readonly string[], unique: boolean): string {
  const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
  return `CREATE ${kind} ${quoteName(indexName(table, columns, unique))} ON ${path} (${listed(columns)})`;
}

function listed(names: readonly string[]): string {
  return names.map(quoteName).join(', ');
}
