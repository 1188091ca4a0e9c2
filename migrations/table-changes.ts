import type { ColumnToAdd, DefineTable, Schema, SchemaChange } from './schema.js';

/** Returns the change that makes a table, or none where it is there. */
export async function createTable(
  schema: Schema,
  table: string,
  define: DefineTable,
  options: { readonly clustered?: boolean } = {},
): Promise<readonly SchemaChange[]> {
  return (await schema.hasTable(table)) ? [] : schema.createTable(table, define, options.clustered ?? false);
}

/** Returns the changes that add the columns that a table lacks. */
export async function addColumns(
  schema: Schema,
  table: string,
  columns: readonly ColumnToAdd[],
): Promise<readonly SchemaChange[]> {
  const present = await schema.columns(table);
  const missing = columns.filter(({ name }) => !present.has(name));
  return missing.length === 0 ? [] : schema.addColumns(table, missing);
}

/** Returns the changes that give columns of ours other names; none for those that have them already. */
export async function renameColumns(
  schema: Schema,
  table: string,
  names: Readonly<Record<string, string>>,
): Promise<readonly SchemaChange[]> {
  const present = await schema.columns(table);
  const q = (name: string): string => schema.quote(name);
  return Object.entries(names)
    .filter(([, name]) => !present.has(name))
    .map(([from, name]) => ({
      text: `rename column ${table}.${from} to ${name}`,
      sql: `ALTER TABLE ${q(table)} RENAME COLUMN ${q(from)} TO ${q(name)}`,
      makes: [{ kind: 'rename', table, name, from }],
    }));
}

/** Returns the change that makes an index, or none where one of that name is there. */
export async function createIndex(
  schema: Schema,
  table: string,
  name: string,
  columns: readonly string[],
  options: { readonly unique?: boolean; readonly nullsLow?: boolean } = {},
): Promise<readonly SchemaChange[]> {
  const present = (await schema.hasTable(table)) ? await schema.indexes(table) : new Map<string, readonly string[]>();
  if (present.has(name)) return [];
  const nulls = options.nullsLow === true ? schema.nullsLow : '';
  const list = columns.map((column) => `${schema.quote(column)}${nulls}`).join(', ');
  const kind = options.unique === true ? 'UNIQUE INDEX' : 'INDEX';
  return [
    {
      text: `create index ${name} on ${table} (${columns.join(', ')})`,
      sql: `CREATE ${kind} ${schema.quote(name)} ON ${schema.quote(table)} (${list})`,
      makes: [{ kind: 'index', table, name }],
    },
  ];
}
