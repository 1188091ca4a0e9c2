import type { Knex } from 'knex';
import type { Schema, SchemaChange } from '../src/database/schema/schema.js';

/** Returns the change that makes a table, or none where it is there. */
export async function createTable(
  schema: Schema,
  table: string,
  define: (builder: Knex.CreateTableBuilder) => void,
  options: { readonly clustered?: boolean } = {},
): Promise<readonly SchemaChange[]> {
  if (await schema.hasTable(table)) return [];
  const statements = schema.knex.schema
    .createTable(table, (builder) => {
      if (schema.isMysql) {
        builder.engine('InnoDB');
        builder.charset('utf8mb4');
        // Names of events and pipelines are told apart by case on every database.
        builder.collate('utf8mb4_bin');
      }
      define(builder);
    })
    .toSQL() as unknown as readonly { readonly sql: string }[];
  return statements.map(({ sql }) => ({
    text: `create table ${table}`,
    sql: options.clustered === true && !schema.isMysql ? `${sql} without rowid` : sql,
    makes: [{ kind: 'table', table }],
  }));
}

/** A column to be added to a table that may be another program's. */
export interface ColumnToAdd {
  readonly name: string;
  /** The column's type for each kind of database. */
  readonly mysql: string;
  readonly sqlite: string;
}

/** Returns the changes that add the columns that a table lacks; none where the table is not there. */
export async function addColumns(
  schema: Schema,
  table: string,
  columns: readonly ColumnToAdd[],
): Promise<readonly SchemaChange[]> {
  const present = await schema.columns(table);
  const missing = columns.filter(({ name }) => !present.has(name));
  if (missing.length === 0) return [];
  const makes = missing.map(({ name }) => ({ kind: 'column', table, name }) as const);
  if (!schema.isMysql) {
    return missing.map(({ name, sqlite }, i) => ({
      text: `add column ${table}.${name}`,
      sql: `ALTER TABLE "${table}" ADD COLUMN "${name}" ${sqlite}`,
      makes: makes.slice(i, i + 1),
    }));
  }
  const sql = `ALTER TABLE \`${table}\` ${missing.map(({ name, mysql }) => `ADD COLUMN \`${name}\` ${mysql}`).join(', ')}`;
  const text = `add columns ${table}.(${missing.map(({ name }) => name).join(', ')})`;
  return [{ text, sql: `${sql}, ALGORITHM=INSTANT`, fallback: sql, makes }];
}

/** Returns the changes that give columns of ours other names; none for those that have them already. */
export async function renameColumns(
  schema: Schema,
  table: string,
  names: Readonly<Record<string, string>>,
): Promise<readonly SchemaChange[]> {
  const present = await schema.columns(table);
  const q = schema.isMysql ? '`' : '"';
  return Object.entries(names)
    .filter(([, name]) => !present.has(name))
    .map(([from, name]) => ({
      text: `rename column ${table}.${from} to ${name}`,
      sql: `ALTER TABLE ${q}${table}${q} RENAME COLUMN ${q}${from}${q} TO ${q}${name}${q}`,
      makes: [{ kind: 'rename', table, name, from }],
    }));
}

/** Returns the change that makes an index, or none where one of that name is there. */
export async function createIndex(
  schema: Schema,
  table: string,
  name: string,
  columns: readonly string[],
  options: { readonly unique?: boolean } = {},
): Promise<readonly SchemaChange[]> {
  const present = (await schema.hasTable(table)) ? await schema.indexes(table) : new Map<string, readonly string[]>();
  if (present.has(name)) return [];
  const q = schema.isMysql ? '`' : '"';
  const list = columns.map((column) => `${q}${column}${q}`).join(', ');
  return [
    {
      text: `create index ${name} on ${table} (${columns.join(', ')})`,
      sql: `CREATE ${options.unique === true ? 'UNIQUE ' : ''}INDEX ${q}${name}${q} ON ${q}${table}${q} (${list})`,
      makes: [{ kind: 'index', table, name }],
    },
  ];
}
