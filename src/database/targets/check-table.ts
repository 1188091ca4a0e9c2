import type {
  FoundColumn,
  FoundIndex,
  FoundRelation,
  TargetColumn,
  TargetDialect,
  TargetTable,
} from '../target-dialect.js';
import { indexNames } from './index-name.js';

/** What is not as it must be in a table that is there, and the SQL that mends it. */
export interface Difference {
  readonly text: string;
  readonly sql: string;
}

/** Holds a table that is there against what a sink needs; what is in it besides may stay, where an INSERT can leave it out. */
export function checkTable(
  dialect: TargetDialect,
  table: TargetTable,
  { columns }: FoundRelation,
  indexes: readonly FoundIndex[],
): readonly Difference[] {
  const fold = foldWith(dialect);
  const found = new Map(columns.map((column) => [fold(column.name), column]));
  const wanted = new Set(table.columns.map(({ name }) => fold(name)));
  return [
    ...table.columns.flatMap((column) =>
      checkColumn(dialect, table, column, { found: found.get(fold(column.name)), indexes }),
    ),
    ...columns
      .filter(({ name, required }) => required && !wanted.has(fold(name)))
      .map((column) => ({
        text: `'${column.name}' must have a value, which the sink does not know`,
        sql: dialect.allowNull(table.place, column, indexes),
      })),
    ...checkIndexes(dialect, table, indexes, fold),
  ];
}

/** Returns a column of the type that it has in a table that is there, where that may be, and holds more than what is wanted now. */
export function asFound(dialect: TargetDialect, found: readonly FoundColumn[], column: TargetColumn): TargetColumn {
  const fold = foldWith(dialect);
  const there = found.find(({ name }) => fold(name) === fold(column.name));
  if (there === undefined || dialect.fits(there.type, column.type)) return column;
  const type = column.wider?.find((each) => dialect.typeName(each) === there.type);
  return type === undefined ? column : { ...column, type };
}

/** Says whether a table that is there takes no row without a value in a column. */
export function isRequired(dialect: TargetDialect, table: FoundRelation | null, { name }: TargetColumn): boolean {
  const fold = foldWith(dialect);
  return table?.columns.some((column) => column.required && fold(column.name) === fold(name)) === true;
}

/** Returns what makes names alike that a database takes for the same. */
export function foldWith({ foldsColumns }: Pick<TargetDialect, 'foldsColumns'>): (name: string) => string {
  return (name) => (foldsColumns ? name.toLowerCase() : name);
}

function checkColumn(
  dialect: TargetDialect,
  { place }: TargetTable,
  column: TargetColumn,
  { found, indexes }: { readonly found: FoundColumn | undefined; readonly indexes: readonly FoundIndex[] },
): readonly Difference[] {
  const { name, type } = column;
  if (found === undefined) return [{ text: `'${name}' is missing`, sql: dialect.addColumn(place, column) }];
  const sql = dialect.changeColumn(place, column, indexes);
  if (!dialect.fits(found.type, type)) {
    return [{ text: `'${name}' is ${found.type || 'of no type'}, not ${dialect.typeName(type)}`, sql }];
  }
  return column.nullable && !found.nullable ? [{ text: `'${name}' must be able to be NULL`, sql }] : [];
}

function checkIndexes(
  dialect: TargetDialect,
  table: TargetTable,
  indexes: readonly FoundIndex[],
  fold: (name: string) => string,
): readonly Difference[] {
  const { place, key } = table;
  const nameOf = indexNames(table);
  const known = new Set(table.columns.map(({ name }) => fold(name)));
  const found = indexes.map((index) => ({ ...index, folded: index.columns.map(fold) }));
  const foldedKey = key.map(fold);
  const lacksKey = !found.some(({ unique, folded }) => unique && sorted(folded) === sorted(foldedKey));
  const narrow = found.filter(
    ({ unique, folded }) =>
      unique && folded.every((name) => known.has(name)) && !foldedKey.every((name) => folded.includes(name)),
  );
  const missing = table.indexes.filter((index) => !found.some(({ folded }) => beginsWith(folded, index.map(fold))));
  return [
    ...narrow.map(({ name, columns }) => ({
      text: `no two rows may share ${columns.join(', ')}, which rows of the sink do`,
      sql: dialect.dropIndex(place, name),
    })),
    ...(lacksKey
      ? [{ text: `nothing keeps ${key.join(', ')} unique`, sql: dialect.addIndex(table, nameOf(key, true), key, true) }]
      : []),
    ...missing.map((index) => ({
      text: `the index on ${index.join(', ')} is missing`,
      sql: dialect.addIndex(table, nameOf(index, false), index, false),
    })),
  ];
}

function sorted(columns: readonly string[]): string {
  return JSON.stringify(columns.toSorted());
}

function beginsWith(columns: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((name, i) => columns[i] === name);
}
