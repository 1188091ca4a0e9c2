import { messageOf, UsageError } from '../../../runtime/errors.js';
import { groupIndexes } from '../../targets/group-indexes.js';
import type { IndexRow } from '../../targets/group-indexes.js';
import type { ColumnType, FoundIndex, FoundRelation, TargetDialect, TargetPlace } from '../../target-dialect.js';
import { quoteName as q } from '../quote-name.js';
import { codeOf, createIndex, createTable, writeColumn } from '../standard-targets.js';

interface ColumnRow {
  readonly kind: string;
  readonly name: string | null;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

const relationSql = `SELECT m.type AS kind, c.name, c.type, c."notnull", c.dflt_value, c.pk
  FROM sqlite_master AS m LEFT JOIN pragma_table_info(m.name) AS c
  WHERE m.type IN ('table', 'view') AND m.name = ? COLLATE NOCASE ORDER BY c.cid`;

const indexesSql = `SELECT l.name AS name, CASE WHEN NOT l.partial THEN c.name END AS col, l."unique" AS uniq, m.sql AS sql
  FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS c
  LEFT JOIN sqlite_master AS m ON m.type = 'index' AND m.name = l.name ORDER BY l.name, c.seqno`;

/** How SQLite makes, shows and changes the tables that sinks fill. */
export const sqliteTargets: TargetDialect = {
  place: (knex, schema, name) => {
    if (schema === null) return { query: knex.raw('SELECT 1'), read: () => placeOf(name) };
    throw new UsageError(`a SQLite database has no schemas: '${schema}.${name}' can't be a table of it`, {
      hint: `write table: ${name}`,
    });
  },
  relation: (knex, { name }) => ({
    query: knex.raw(relationSql, [name]),
    read: (answer) => readRelation(answer as readonly ColumnRow[]),
  }),
  indexes: (knex, { name }) => ({
    query: knex.raw(indexesSql, [name]),
    read: (answer) => groupIndexes(answer as readonly IndexRow[]),
  }),
  takenNames: (knex) => ({
    query: knex.raw('SELECT name FROM sqlite_master'),
    read: (answer) => (answer as readonly { readonly name: string }[]).map(({ name }) => name),
  }),
  typeName,
  fits,
  foldsColumns: true,
  longestIndexed: null,
  utcMark: '',
  hexOf: (knex, column) => knex.raw("'0x' || lower(hex(??))", [column]),
  instantOf: (knex, column) => knex.raw("datetime(??, 'unixepoch')", [column]),
  // A column reads digits by itself.
  memberOf: (knex, column, { key }) => knex.raw('json_extract(??, ?)', [column, `$.${key}`]),
  create: (table) => createTable(q(table.place.name), table, typeName, ' WITHOUT ROWID'),
  makesInTransaction: true,
  addColumn: ({ name }, column) =>
    `ALTER TABLE ${q(name)} ADD COLUMN ${writeColumn({ ...column, nullable: true }, typeName)}`,
  changeColumn: ({ name }, column, indexes) => exchange(name, column.name, typeName(column.type), indexes),
  allowNull: ({ name }, column, indexes) => exchange(name, column.name, column.type, indexes),
  addIndex: ({ place }, name, columns, unique) => createIndex(q(place.name), name, columns, unique),
  dropIndex: (_place, index) => `DROP INDEX ${q(index)}`,
  refusesRow: (error) => /^SQLITE_(CONSTRAINT|TOOBIG|MISMATCH)/.test(codeOf(error)),
  isTooWide: (error) => codeOf(error) === 'SQLITE_ERROR' && messageOf(error).startsWith('too many columns on '),
};

function placeOf(name: string): TargetPlace {
  return { schema: null, name, folded: name.toLowerCase() };
}

function readRelation(rows: readonly ColumnRow[]): FoundRelation | null {
  const [first] = rows;
  if (first === undefined) return null;
  const columns = rows.flatMap(({ name, type, notnull, dflt_value: fallback, pk }) =>
    name === null
      ? []
      : [{ name, type, nullable: notnull === 0, required: notnull === 1 && fallback === null && pk === 0 }],
  );
  return { isTable: first.kind === 'table', columns };
}

function typeName(type: ColumnType): string {
  switch (type.kind) {
    case 'int32':
      return 'INTEGER';
    case 'int64':
      return 'BIGINT';
    case 'bool':
      return 'BOOLEAN';
    case 'time':
      return 'DATETIME';
    case 'ascii':
      return `CHAR(${type.length})`;
    case 'name':
      return `VARCHAR(${type.length})`;
    case 'json':
      return 'JSON';
    // Its numbers hold 64 bits, and what is larger becomes a fraction.
    case 'number':
    case 'text':
      return 'TEXT';
  }
}

/** What a column does to what is stored in it is all that a type's name means. */
function fits(found: string, { kind }: ColumnType): boolean {
  const keepsTexts = /CHAR|CLOB|TEXT|BLOB|^$/i.test(found) && !/INT/i.test(found);
  if (kind === 'int32' || kind === 'int64' || kind === 'bool') return !keepsTexts && !/REAL|FLOA|DOUB/i.test(found);
  return keepsTexts || ((kind === 'json' || kind === 'time') && !/INT|REAL|FLOA|DOUB/i.test(found));
}

/** SQLite changes no column: another one takes its place, and its indexes, which keep it from being dropped, are made anew. */
function exchange(table: string, column: string, type: string, indexes: readonly FoundIndex[]): string {
  const [of, old, made] = [q(table), q(`${column}_old`), q(column)];
  const held = indexes.filter((index) => mayHold(index, column.toLowerCase()));
  return [
    ...held.map(({ name }) => `DROP INDEX ${q(name)}`),
    `ALTER TABLE ${of} RENAME COLUMN ${made} TO ${old}`,
    `ALTER TABLE ${of} ADD COLUMN ${made} ${type}`,
    `UPDATE ${of} SET ${made} = ${old}`,
    `ALTER TABLE ${of} DROP COLUMN ${old}`,
    ...held.map(({ sql }) => sql),
  ].join('; ');
}

/** What is in an expression its text alone tells. */
function mayHold({ columns, sql }: FoundIndex, folded: string): boolean {
  if (typeof sql !== 'string') return false;
  return columns.some((name) => (name === '' ? sql.toLowerCase().includes(folded) : name.toLowerCase() === folded));
}
