import type { Knex } from 'knex';
import { groupColumns, tableChanges } from '../../../../migrations/schema.js';
import type { ColumnInfo, ColumnTypes, Schema } from '../../../../migrations/schema.js';
import { quoteName as quote } from '../quote-name.js';

const types: ColumnTypes = {
  instant: 'datetime',
  flag: 'integer',
  small: 'integer',
  integer: 'integer',
  double: 'double',
  text: 'text',
  longText: 'text',
  string: (length) => `varchar(${length})`,
  digest: (length) => `char(${length})`,
  bytes: () => 'blob',
};

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

/** The schema of a SQLite database as seen through `connection`. */
export function sqliteSchema(knex: Knex, connection: unknown, timezone: string): Schema {
  const ask = async <T>(query: string | Knex.QueryBuilder, bindings: string[] = []): Promise<T[]> => {
    const asked = typeof query === 'string' ? knex.raw(query, bindings) : query;
    return (await asked.connection(connection)) as T[];
  };
  const run = async (sql: string): Promise<void> => {
    await ask(sql);
  };
  return {
    timezone,
    knex,
    types,
    newId: 'lower(hex(randomblob(16)))',
    ask,
    run,
    hasTable: async (table) =>
      (await ask("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table])).length > 0,
    columns: async (table) => {
      const rows = await ask<Column>('SELECT * FROM pragma_table_info(?)', [table]);
      return new Map(rows.map((row) => [row.name, toColumnInfo(row)]));
    },
    indexes: async (table) => {
      const sql =
        'SELECT l.name AS name, c.name AS col FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS c ORDER BY l.name, c.seqno';
      return groupColumns(await ask(sql, [table]));
    },
    withoutTransactions: () => Promise.resolve(new Map()),
    quote,
    nullsLow: '',
    createTable: (table, define, isClustered) =>
      tableChanges(knex, table, define).map((change) =>
        isClustered ? { ...change, sql: `${change.sql} without rowid` } : change,
      ),
    addColumns: (table, columns) =>
      columns.map(({ name, type, default: fallback }) => ({
        text: `add column ${table}.${name}`,
        sql: `ALTER TABLE ${quote(table)} ADD COLUMN ${quote(name)} ${type}${fallback === undefined ? '' : ` NOT NULL DEFAULT ${fallback}`}`,
        makes: [{ kind: 'column', table, name }],
      })),
    addComment: () => [],
    dropIndex: (_table, index) => `DROP INDEX ${quote(index)}`,
    change: ({ sql }) => run(sql),
    drop: async (sql) => {
      await run(sql);
      return true;
    },
    setTimezone: () => Promise.resolve(),
  };
}

function toColumnInfo(row: Column): ColumnInfo {
  return {
    type: row.type.toLowerCase(),
    comment: '',
    nullable: row.notnull === 0,
    required: row.notnull === 1 && row.dflt_value === null && row.pk === 0,
    onUpdate: false,
  };
}
