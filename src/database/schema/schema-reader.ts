import type { Knex } from 'knex';
import type { Database } from '../database.js';
import type { ColumnInfo, Schema } from './schema.js';

/** Reads the schema of a MySQL or MariaDB database through `connection`. */
function mysqlSchema(knex: Knex, connection: unknown, timezone: string): Schema {
  const ask = async <T>(sql: string, bindings: Knex.RawBinding[]): Promise<T[]> => {
    const [rows] = (await knex.raw(sql, bindings).connection(connection)) as [T[]];
    return rows;
  };
  return {
    isMysql: true,
    timezone,
    knex,
    hasTable: async (table) => {
      const sql = 'SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?';
      return (await ask(sql, [table])).length > 0;
    },
    columns: async (table) => {
      const sql =
        'SELECT column_name AS name, column_type AS type, column_comment AS comment, is_nullable AS nullable, extra AS extra,' +
        ' column_default AS fallback' +
        ' FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position';
      const rows = await ask<MysqlColumn>(sql, [table]);
      return new Map(rows.map((row) => [row.name, toColumnInfo(row)]));
    },
    indexes: async (table) => {
      const sql =
        'SELECT index_name AS name, column_name AS col FROM information_schema.statistics' +
        ' WHERE table_schema = DATABASE() AND table_name = ? ORDER BY index_name, seq_in_index';
      return groupColumns(await ask<{ name: string; col: string }>(sql, [table]));
    },
  };
}

interface MysqlColumn extends Record<'name' | 'type' | 'comment' | 'nullable' | 'extra', string> {
  readonly fallback: string | null;
}

function toColumnInfo(row: MysqlColumn): ColumnInfo {
  return {
    type: row.type.toLowerCase(),
    comment: row.comment,
    nullable: row.nullable === 'YES',
    required: row.nullable === 'NO' && row.fallback === null && !/auto_increment|generated/i.test(row.extra),
    onUpdate: /on update/i.test(row.extra),
  };
}

interface SqliteColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

/** Reads the schema of a SQLite database through `connection`. */
function sqliteSchema(knex: Knex, connection: unknown, timezone: string): Schema {
  const ask = async <T>(sql: string, bindings: Knex.RawBinding[]): Promise<T[]> =>
    (await knex.raw(sql, bindings).connection(connection)) as T[];
  return {
    isMysql: false,
    timezone,
    knex,
    hasTable: async (table) =>
      (await ask("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table])).length > 0,
    columns: async (table) => {
      const rows = await ask<SqliteColumn>('SELECT * FROM pragma_table_info(?)', [table]);
      const info = (row: SqliteColumn): ColumnInfo => ({
        type: row.type.toLowerCase(),
        comment: '',
        nullable: row.notnull === 0,
        required: row.notnull === 1 && row.dflt_value === null && row.pk === 0,
        onUpdate: false,
      });
      return new Map(rows.map((row) => [row.name, info(row)]));
    },
    indexes: async (table) => {
      const sql =
        'SELECT l.name AS name, c.name AS col FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS c ORDER BY l.name, c.seqno';
      return groupColumns(await ask<{ name: string; col: string }>(sql, [table]));
    },
  };
}

function groupColumns(rows: readonly { name: string; col: string }[]): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const { name, col } of rows) grouped.set(name, [...(grouped.get(name) ?? []), col]);
  return grouped;
}

/** Reads the schema of a database through `connection`, which is one of its pool. */
export function schemaOf({ dialect, knex, timezone }: Database, connection: unknown): Schema {
  return (dialect.name === 'sqlite' ? sqliteSchema : mysqlSchema)(knex, connection, timezone.value);
}
