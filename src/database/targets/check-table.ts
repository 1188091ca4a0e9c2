import type { FoundIndex, FoundRelation, TargetColumn, TargetDialect, TargetTable } from '../target-dialect.js';

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
  const found = new Map(columns.map((column) => [fold(column.name), column]));
  const wanted = new Set(table.columns.map(({ name }) => fold(name)));
  return [
    ...table.columns.flatMap((column) => checkColumn(dialect, table, column, found.get(fold(column.name)))),
    ...columns
      .filter(({ name, required }) => required && !wanted.has(fold(name)))
      .map((column) => ({
        text: `'${column.name}' must have a value, which the sink does not know`,
        sql: dialect.allowNull(table.place, column),
      })),
    ...checkIndexes(dialect, table, indexes, wanted),
  ];

  function fold(name: string): string {
    return dialect.foldsColumns ? name.toLowerCase() : name;
  }
}

function checkColumn(
  dialect: TargetDialect,
  { place }: TargetTable,
  column: TargetColumn,
  found: FoundRelation['columns'][number] | undefined,
): readonly Difference[] {
  const { name, type } = column;
  if (found === undefined) return [{ text: `'${name}' is missing`, sql: dialect.addColumn(place, column) }];
  const sql = dialect.changeColumn(place, column);
  if (!dialect.fits(found.type, type)) {
    return [{ text: `'${name}' is ${found.type || 'of no type'}, not ${dialect.typeName(type)}`, sql }];
  }
  return column.nullable && !found.nullable ? [{ text: `'${name}' must be able to be NULL`, sql }] : [];
}

function checkIndexes(
  dialect: TargetDialect,
  table: TargetTable,
  found: readonly FoundIndex[],
  known: ReadonlySet<string>,
): readonly Difference[] {
  const { place, key } = table;
  const sorted = (columns: readonly string[]): string => JSON.stringify(columns.toSorted());
  const isKey = ({ unique, columns }: FoundIndex): boolean => unique && sorted(columns) === sorted(key);
  const lacksKey = !found.some(isKey);
  const narrow = found.filter(
    ({ unique, columns }) =>
      unique && columns.every((name) => known.has(name)) && !key.every((name) => columns.includes(name)),
  );
  const missing = table.indexes.filter((index) => !found.some(({ columns }) => beginsWith(columns, index)));
  return [
    ...narrow.map(({ name, columns }) => ({
      text: `no two rows may share ${columns.join(', ')}, which rows of the sink do`,
      sql: dialect.dropIndex(place, name),
    })),
    ...(lacksKey ? [{ text: `nothing keeps ${key.join(', ')} unique`, sql: dialect.addIndex(table, key, true) }] : []),
    ...missing.map((index) => ({
      text: `the index on ${index.join(', ')} is missing`,
      sql: dialect.addIndex(table, index, false),
    })),
  ];
}

function beginsWith(columns: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((name, i) => columns[i] === name);
}
