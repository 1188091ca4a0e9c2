import type { Knex } from 'knex';
import { UsageError } from '../../../runtime/errors.js';
import { groupColumns, tableChanges } from '../../../../migrations/schema.js';
import type { ColumnInfo, ColumnToAdd, ColumnTypes, Schema } from '../../../../migrations/schema.js';
import { backtickName as quote } from '../quote-name.js';
import { errnoOf } from './mysql-errors.js';

/** ER_DROP_INDEX_FK. */
const neededByForeignKey = 1553;

/**
 * ER_ALTER_OPERATION_NOT_SUPPORTED and its variant with a reason; ER_PARSE_ERROR and ER_UNKNOWN_ALTER_ALGORITHM of old servers;
 * ER_INNODB_MAX_ROW_VERSION: a table has had as many such changes as MySQL counts.
 */
const unsupportedAlgorithm = new Set<unknown>([1845, 1846, 1064, 1800, 4092]);

// An older program's table may have another character set.
const types: ColumnTypes = {
  instant: 'datetime',
  flag: 'tinyint(1)',
  small: 'tinyint',
  integer: 'int',
  double: 'double',
  text: 'text character set utf8mb4',
  longText: 'longtext',
  string: (length) => `varchar(${length}) character set utf8mb4`,
  digest: (length) => `char(${length}) character set ascii`,
  bytes: (length) => `binary(${length})`,
};

interface Column extends Record<'name' | 'type' | 'comment' | 'nullable' | 'extra', string> {
  readonly fallback: string | null;
}

/** The schema of a MySQL or MariaDB database as seen through `connection`. */
export function mysqlSchema(knex: Knex, connection: unknown, timezone: string): Schema {
  const ask = async <T>(query: string | Knex.QueryBuilder, bindings: string[] = []): Promise<T[]> => {
    if (typeof query !== 'string') return (await query.connection(connection)) as T[];
    const [rows] = (await knex.raw(query, bindings).connection(connection)) as [T[]];
    return rows;
  };
  const run = async (sql: string): Promise<void> => {
    await ask(sql);
  };
  return {
    timezone,
    knex,
    types,
    newId: "REPLACE(UUID(), '-', '')",
    ask,
    run,
    hasTable: async (table) => {
      const sql = 'SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?';
      return (await ask(sql, [table])).length > 0;
    },
    columns: async (table) => {
      const sql =
        'SELECT column_name AS name, column_type AS type, column_comment AS comment, is_nullable AS nullable, extra AS extra,' +
        ' column_default AS fallback' +
        ' FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position';
      const rows = await ask<Column>(sql, [table]);
      return new Map(rows.map((row) => [row.name, toColumnInfo(row)]));
    },
    indexes: async (table) => {
      const sql =
        'SELECT index_name AS name, column_name AS col FROM information_schema.statistics' +
        ' WHERE table_schema = DATABASE() AND table_name = ? ORDER BY index_name, seq_in_index';
      return groupColumns(await ask(sql, [table]));
    },
    withoutTransactions: async () => {
      const sql =
        'SELECT t.table_name AS name, t.engine AS engine FROM information_schema.tables AS t' +
        ' JOIN information_schema.engines AS e ON e.engine = t.engine' +
        " WHERE t.table_schema = DATABASE() AND e.transactions <> 'YES' ORDER BY t.table_name";
      const rows = await ask<{ name: string; engine: string }>(sql);
      return new Map(rows.map(({ name, engine }) => [name, engine]));
    },
    quote,
    nullsLow: '',
    createTable: (table, define) =>
      tableChanges(knex, table, (builder) => {
        // A server may have another format by default, and in some a key may be no longer than 767 bytes.
        builder.engine('InnoDB ROW_FORMAT=DYNAMIC');
        builder.charset('utf8mb4');
        // Names of events and pipelines are told apart by case on every database.
        builder.collate('utf8mb4_bin');
        define(builder);
      }),
    addColumns: (table, columns) => {
      const sql = `ALTER TABLE ${quote(table)} ${columns.map((column) => `ADD COLUMN ${writeColumn(column)}`).join(', ')}`;
      const names = columns.map(({ name }) => name);
      const makes = names.map((name) => ({ kind: 'column', table, name }) as const);
      return [{ text: `add columns ${table}.(${names.join(', ')})`, ...inPlace(sql), makes }];
    },
    addComment: (table, name, { type }, comment) => {
      const column = writeColumn({ name, type, comment });
      const text = `add the comment of ${table}.${name}`;
      return [{ text, ...inPlace(`ALTER TABLE ${quote(table)} MODIFY COLUMN ${column}`) }];
    },
    dropIndex: (table, index) => `DROP INDEX ${quote(index)} ON ${quote(table)}`,
    change: async ({ sql, fallback }) => {
      try {
        await run(sql);
      } catch (error) {
        if (fallback === undefined || !unsupportedAlgorithm.has(errnoOf(error))) throw error;
        await run(fallback);
      }
    },
    drop: async (sql) => {
      try {
        await run(sql);
        return true;
      } catch (error) {
        if (errnoOf(error) !== neededByForeignKey) throw error;
        return false;
      }
    },
    setTimezone: async (offset) => {
      try {
        await run(`SET SESSION time_zone = '${offset}'`);
      } catch (cause) {
        throw new UsageError(`the database's server takes no time zone ${offset}`, { cause });
      }
    },
  };
}

function writeColumn({ name, type, default: fallback, comment }: ColumnToAdd): string {
  const rest = fallback === undefined ? 'NULL' : `NOT NULL DEFAULT ${fallback}`;
  return `${quote(name)} ${type} ${rest}${comment === undefined ? '' : ` COMMENT '${comment}'`}`;
}

/** A change that touches no row, where the server can do it so. */
function inPlace(sql: string): { readonly sql: string; readonly fallback: string } {
  return { sql: `${sql}, ALGORITHM=INSTANT`, fallback: sql };
}

function toColumnInfo(row: Column): ColumnInfo {
  return {
    type: row.type.toLowerCase(),
    comment: row.comment,
    nullable: row.nullable === 'YES',
    required: row.nullable === 'NO' && row.fallback === null && !/auto_increment|generated/i.test(row.extra),
    onUpdate: /on update/i.test(row.extra),
  };
}
