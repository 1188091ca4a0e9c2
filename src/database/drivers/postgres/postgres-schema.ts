import type { Knex } from 'knex';
import { groupColumns, tableChanges } from '../../../../migrations/schema.js';
import type { ColumnInfo, ColumnToAdd, ColumnTypes, Schema, SchemaChange } from '../../../../migrations/schema.js';
import { quoteName as quote } from '../quote-name.js';
import { setTimezone } from './postgres-connection.js';
import { quote as quoteText } from './postgres-literals.js';
import { rowsOf } from './postgres-values.js';

/** Names are told apart, and sorted, by their bytes on every database. */
const byBytes = 'COLLATE "C"';

const types: ColumnTypes = {
  instant: 'timestamp(0)',
  flag: 'smallint',
  small: 'smallint',
  integer: 'integer',
  double: 'double precision',
  text: `text ${byBytes}`,
  longText: `text ${byBytes}`,
  string: (length) => `varchar(${length}) ${byBytes}`,
  digest: (length) => `char(${length}) ${byBytes}`,
  bytes: () => 'bytea',
};

interface Column extends Record<'name' | 'type' | 'comment', string> {
  /** 1 or 0. */
  readonly nullable: number;
  readonly required: number;
}

const columnsSql = `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
  COALESCE(col_description(a.attrelid, a.attnum), '') AS comment, NOT a.attnotnull AS nullable,
  a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS required
  FROM pg_attribute a
  WHERE a.attrelid = to_regclass(quote_ident(?)) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

const indexesSql = `SELECT c.relname AS name, COALESCE(a.attname, '') AS col
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE i.indrelid = to_regclass(quote_ident(?)) ORDER BY c.relname, k.place`;

/** The schema of a PostgreSQL database as seen through `connection`: what its search_path leads to. */
export function postgresSchema(knex: Knex, connection: unknown, timezone: string): Schema {
  const ask = async <T>(query: string | Knex.QueryBuilder, bindings: string[] = []): Promise<readonly T[]> => {
    if (typeof query !== 'string') return (await query.connection(connection)) as T[];
    return rowsOf(await knex.raw(query, bindings).connection(connection)) as readonly T[];
  };
  const run = async (sql: string): Promise<void> => {
    await ask(sql);
  };
  return {
    timezone,
    knex,
    types,
    newId: "replace(gen_random_uuid()::text, '-', '')",
    ask,
    run,
    hasTable: async (table) => {
      const [row] = await ask<{ there: number }>('SELECT to_regclass(quote_ident(?)) IS NOT NULL AS there', [table]);
      return row?.there === 1;
    },
    columns: async (table) => {
      const rows = await ask<Column>(columnsSql, [table]);
      return new Map(rows.map((row) => [row.name, toColumnInfo(row)]));
    },
    indexes: async (table) => groupColumns(await ask(indexesSql, [table])),
    withoutTransactions: () => Promise.resolve(new Map()),
    quote,
    nullsLow: ' NULLS FIRST',
    createTable: (table, define) => tableChanges(knex, table, define).map(sortByBytes),
    addColumns,
    addComment: (table, name, { nullable }, comment) => [
      ...(nullable ? [] : [makeNullable(table, name)]),
      { text: `add the comment of ${table}.${name}`, sql: commentOn(table, name, comment) },
    ],
    dropIndex: (_table, index) => `DROP INDEX ${quote(index)}`,
    change: ({ sql }) => run(sql),
    drop: async (sql) => {
      await run(sql);
      return true;
    },
    setTimezone: (offset) => run(setTimezone(offset)),
  };
}

/** Knex writes types of its own, for which the database has a collation. */
function sortByBytes(change: SchemaChange): SchemaChange {
  if (!change.sql.startsWith('create table')) return change;
  return { ...change, sql: change.sql.replace(/ (?:varchar\(\d+\)|text)(?! COLLATE)/g, `$& ${byBytes}`) };
}

function addColumns(table: string, columns: readonly ColumnToAdd[]): readonly SchemaChange[] {
  const parts = columns.map(({ name, type, default: fallback }) => {
    const rest = fallback === undefined ? '' : ` NOT NULL DEFAULT ${fallback}`;
    return `ADD COLUMN ${quote(name)} ${type}${rest}`;
  });
  const names = columns.map(({ name }) => name);
  const comments = columns.flatMap(({ name, comment }) => (comment === undefined ? [] : [{ name, comment }]));
  return [
    {
      text: `add columns ${table}.(${names.join(', ')})`,
      sql: `ALTER TABLE ${quote(table)} ${parts.join(', ')}`,
      makes: names.map((name) => ({ kind: 'column', table, name })),
    },
    ...comments.map(({ name, comment }) => ({
      text: `add the comment of ${table}.${name}`,
      sql: commentOn(table, name, comment),
    })),
  ];
}

function makeNullable(table: string, name: string): SchemaChange {
  const sql = `ALTER TABLE ${quote(table)} ALTER COLUMN ${quote(name)} DROP NOT NULL, ALTER COLUMN ${quote(name)} DROP DEFAULT`;
  return { text: `let ${table}.${name} be null`, sql };
}

function commentOn(table: string, name: string, comment: string): string {
  return `COMMENT ON COLUMN ${quote(table)}.${quote(name)} IS ${quoteText(comment)}`;
}

function toColumnInfo({ type, comment, nullable, required }: Column): ColumnInfo {
  return { type: type.toLowerCase(), comment, nullable: nullable === 1, required: required === 1, onUpdate: false };
}
