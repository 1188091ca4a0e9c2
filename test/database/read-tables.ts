import type { Database } from '../../src/database/database.js';

/** Each table by its name: its columns, keys and indexes, in no order. */
export type Tables = Readonly<Record<string, readonly string[]>>;

type Ask = <T>(sql: string, values?: readonly string[]) => Promise<readonly T[]>;

interface Reader {
  /** Every table of the database, in the only column. */
  readonly names: string;
  /** Returns a line for each column, key and index of a table. */
  readonly lines: (ask: Ask, table: string) => Promise<readonly string[]>;
}

const readers: Readonly<Record<Database['dialect']['name'], Reader>> = {
  mysql: { names: 'SHOW TABLES', lines: inMysql },
  sqlite: {
    names: "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'",
    lines: inSqlite,
  },
  postgres: { names: 'SELECT tablename FROM pg_tables WHERE schemaname = current_schema()', lines: inPostgres },
};

/** Reads a database's schema so that two can be compared, whoever made them in whatever order and spelling. */
export async function readTables(database: Database): Promise<Tables> {
  const ask: Ask = (sql, values = []) => answerOf(database, sql, values);
  const { names, lines } = readers[database.dialect.name];
  const tables = (await ask<Record<string, string>>(names)).flatMap((row) => Object.values(row));
  const texts = tables.map(async (table) => [table, [...(await lines(ask, table))].sort()] as const);
  return Object.fromEntries(await Promise.all(texts));
}

async function answerOf<T>({ knex, dialect }: Database, sql: string, values: readonly string[]): Promise<T[]> {
  const answer: unknown = await knex.raw(sql, [...values]);
  if (dialect.name === 'sqlite') return answer as T[];
  return dialect.name === 'mysql' ? (answer as [T[]])[0] : (answer as { rows: T[] }).rows;
}

async function inMysql(ask: Ask, table: string): Promise<readonly string[]> {
  const [made] = await ask<Record<string, string>>('SHOW CREATE TABLE ??', [table]);
  const text = (made?.['Create Table'] ?? '').replace(/ AUTO_INCREMENT=\d+/, '');
  return text.split('\n').map((line) => line.replace(/,$/, ''));
}

async function inSqlite(ask: Ask, table: string): Promise<readonly string[]> {
  // What a key is needs no NOT NULL, and a default is the same in quotes.
  const columns = await ask<object>(
    `SELECT name, lower(type) AS type, pk, pk > 0 OR "notnull" AS required, trim(dflt_value, '''') AS fallback
     FROM pragma_table_info(?)`,
    [table],
  );
  const kind = await ask<object>('SELECT wr FROM pragma_table_list WHERE name = ?', [table]);
  const indexes = await ask<object>(
    `SELECT l.name, l."unique", group_concat(c.name) AS columns
     FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS c GROUP BY l.name`,
    [table],
  );
  return [...columns, ...kind, ...indexes].map((row) => JSON.stringify(row));
}

async function inPostgres(ask: Ask, table: string): Promise<readonly string[]> {
  // A default is the same in quotes.
  const columns = await ask<object>(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, c.collname, a.attnotnull AS required,
       regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^''(.*)''::bigint$', '\\1') AS fallback, col_description(a.attrelid, a.attnum) AS comment
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     LEFT JOIN pg_collation c ON c.oid = a.attcollation
     WHERE a.attrelid = to_regclass(quote_ident(?)) AND a.attnum > 0 AND NOT a.attisdropped`,
    [table],
  );
  const indexes = await ask<object>(
    'SELECT indexname AS name, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ?',
    [table],
  );
  return [...columns, ...indexes].map((row) => JSON.stringify(row));
}
