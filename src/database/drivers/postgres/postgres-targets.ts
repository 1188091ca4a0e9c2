import type { Knex } from 'knex';
import { RuntimeFailure } from '../../../runtime/errors.js';
import { groupIndexes } from '../../targets/group-indexes.js';
import type { IndexRow } from '../../targets/group-indexes.js';
import type { ColumnType, FoundRelation, TargetDialect } from '../../target-dialect.js';
import { quoteName as q, quotePath as pathOf } from '../quote-name.js';
import { codeOf, createIndex, createTable, writeColumn } from '../standard-targets.js';
import { rowsOf } from './postgres-values.js';

interface ColumnRow {
  readonly kind: string;
  readonly name: string | null;
  readonly type: string;
  /** 1 or 0. */
  readonly nullable: number;
  readonly required: number;
}

/** Where a name without a schema leads to, or where a table of that name would be made. */
const placeSql = `SELECT COALESCE(?, (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = to_regclass(quote_ident(?))), current_schema()) AS name`;

const relationSql = `SELECT c.relkind AS kind, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
  NOT a.attnotnull AS nullable,
  a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS required
  FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  WHERE c.oid = to_regclass(quote_ident(?) || '.' || quote_ident(?)) ORDER BY a.attnum`;

const indexesSql = `SELECT c.relname AS name, a.attname AS col, i.indisunique AND i.indimmediate AS uniq
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE i.indrelid = to_regclass(quote_ident(?) || '.' || quote_ident(?))
  AND i.indpred IS NULL AND i.indisvalid AND k.place <= i.indnkeyatts ORDER BY c.relname, k.place`;

/** An index has its name in the schema of its table, among all relations; those that chainparse gives begin so. */
const takenSql = `SELECT relname AS name FROM pg_class
  WHERE relnamespace = to_regnamespace(quote_ident(?)) AND relname ~ '^(idx|uniq)_'`;

/** How PostgreSQL makes, shows and changes the tables that sinks fill. */
export const postgresTargets: TargetDialect = {
  place: (knex, schema, name) => ({
    query: knex.raw(placeSql, [schema, name]),
    read: (answer) => {
      const [row] = rowsOf(answer) as readonly { readonly name: string | null }[];
      if (typeof row?.name === 'string') return { schema: row.name, name, folded: name };
      const hint = 'write table: SCHEMA.TABLE, or give the user a search_path';
      throw new RuntimeFailure(`the user has no schema in which '${name}' could be`, { hint });
    },
  }),
  relation: (knex, { schema, name }) => ({
    query: knex.raw(relationSql, [schema, name] as string[]),
    read: (answer) => readRelation(rowsOf(answer) as readonly ColumnRow[]),
  }),
  indexes: (knex, { schema, name }) => ({
    query: knex.raw(indexesSql, [schema, name] as string[]),
    read: (answer) => groupIndexes(rowsOf(answer) as readonly IndexRow[]),
  }),
  takenNames: (knex, { schema }) => ({
    query: knex.raw(takenSql, [schema] as string[]),
    read: (answer) => (rowsOf(answer) as readonly { readonly name: string }[]).map(({ name }) => name),
  }),
  typeName,
  fits,
  foldsColumns: false,
  // A third of a page, less what else a row of an index holds.
  longestIndexed: 2_500,
  utcMark: '+00',
  hexOf: (knex, column) => knex.raw("'0x' || encode(??, 'hex')", [column]),
  instantOf: (knex, column) => knex.raw('to_timestamp(??)', [column]),
  // Cut out where it stands as it mostly does: to parse the JSON takes three times as long.
  memberOf: (knex, column, { key, type, part }) => {
    const name = partAt(knex, column, part);
    const found =
      type.kind === 'bool'
        ? knex.raw('btrim(?, ?)', [partAt(knex, column, part + 1), ':,} \n'])
        : partAt(knex, column, part + 2);
    const text = knex.raw('COALESCE(CASE ? WHEN ? THEN ? END, ??::json ->> ?)', [name, key, found, column, key]);
    // A text becomes characters by itself, with a look at its length.
    return type.kind === 'ascii' ? text : knex.raw(`(?)::${typeName(type)}`, [text]);
  },
  create: (table) => createTable(pathOf(table.place), table, typeName),
  makesInTransaction: true,
  addColumn: (place, column) =>
    `ALTER TABLE ${pathOf(place)} ADD COLUMN ${writeColumn({ ...column, nullable: true }, typeName)}`,
  changeColumn: (place, { name, type, nullable }) => {
    const to = typeName(type);
    const change = `ALTER TABLE ${pathOf(place)} ALTER COLUMN ${q(name)} TYPE ${to} USING ${q(name)}::text::${to}`;
    return nullable ? `${change}, ALTER COLUMN ${q(name)} DROP NOT NULL` : change;
  },
  allowNull: (place, { name }) => `ALTER TABLE ${pathOf(place)} ALTER COLUMN ${q(name)} DROP NOT NULL`,
  addIndex: ({ place }, name, columns, unique) => createIndex(pathOf(place), name, columns, unique),
  dropIndex: ({ schema }, index) => `DROP INDEX ${schema === null ? '' : `${q(schema)}.`}${q(index)}`,
  // Data exceptions, integrity constraints, and what exceeds a limit of the program (the length of an index's row).
  refusesRow: (error) => /^(22|23|54)/.test(codeOf(error)) && codeOf(error) !== tooManyColumns,
  isTooWide: (error) => codeOf(error) === tooManyColumns,
};

const tooManyColumns = '54011';

function partAt(knex: Knex, column: string, part: number): Knex.Raw {
  return knex.raw(`split_part(??, '"', ?)`, [column, part]);
}

/** Tables and partitioned ones; a foreign one takes no ON CONFLICT. */
const tableKinds = new Set(['r', 'p']);

function readRelation(rows: readonly ColumnRow[]): FoundRelation | null {
  const [first] = rows;
  if (first === undefined) return null;
  const columns = rows.flatMap(({ name, type, nullable, required }) =>
    name === null ? [] : [{ name, type, nullable: nullable === 1, required: required === 1 }],
  );
  return { isTable: tableKinds.has(first.kind), columns };
}

/** As the server writes them. */
function typeName(type: ColumnType): string {
  switch (type.kind) {
    case 'int32':
      return 'integer';
    case 'int64':
      return 'bigint';
    case 'bool':
      return 'boolean';
    case 'time':
      return 'timestamp with time zone';
    case 'number':
      return 'numeric(78,0)';
    case 'ascii':
      return `character(${type.length})`;
    case 'name':
      return `character varying(${type.length})`;
    case 'json':
      return 'json';
    case 'text':
      return 'text';
  }
}

/** Other types that hold all of a kind's values as they are. */
const wider: Readonly<Partial<Record<ColumnType['kind'], RegExp>>> = {
  int32: /^(bigint|numeric)$/,
  int64: /^numeric(\(78,0\))?$/,
  number: /^numeric$/,
  ascii: /^(text|character varying)$/,
  name: /^(text|character varying)$/,
  text: /^character varying$/,
  time: /^timestamp\([0-6]\) with time zone$/,
};

function fits(found: string, type: ColumnType): boolean {
  if (found === typeName(type) || wider[type.kind]?.test(found) === true) return true;
  const length = /^character(?: varying)?\((\d+)\)$/.exec(found)?.[1];
  return (type.kind === 'ascii' || type.kind === 'name') && length !== undefined && Number(length) >= type.length;
}
