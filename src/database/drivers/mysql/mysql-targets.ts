import { groupIndexes } from '../../targets/group-indexes.js';
import type { IndexRow } from '../../targets/group-indexes.js';
import { indexNames } from '../../targets/index-name.js';
import type { ColumnType, FoundRelation, TargetColumn, TargetDialect, TargetPlace } from '../../target-dialect.js';
import { backtickName as q, backtickPath as pathOf } from '../quote-name.js';
import { errnoOf } from './mysql-errors.js';
import { PacketSizeError } from './mysql-script.js';

interface PlaceRow {
  readonly name: string;
  readonly folds: number;
}

interface ColumnRow {
  readonly kind: string;
  readonly name: string | null;
  readonly type: string;
  readonly nullable: string;
  readonly fallback: string | null;
  readonly extra: string;
}

/**
 * Asks for the columns of a table. MariaDB's JSON is a text with a CHECK: a comment to MySQL, whose JSON is a type. The names in it are
 * constants, with which MariaDB looks at one table and not at each of the server, written so that nothing ends the comment.
 */
function relationSql({ schema, name }: TargetPlace): string {
  const constant = (text: string): string => `_utf8mb3 0x${Buffer.from(text).toString('hex')}`;
  const json = `SELECT k.constraint_name FROM information_schema.check_constraints AS k
    WHERE k.constraint_schema = ${constant(schema ?? '')} AND k.table_name = ${constant(name)}
    AND k.level = 'Column' AND k.check_clause LIKE 'json#_valid(%' ESCAPE '#'`;
  return `SELECT t.table_type AS kind, c.column_name AS name,
    /*M! IF(c.column_name IN (${json}), 'json', */ c.column_type /*M! ) */ AS type, c.is_nullable AS nullable,
    c.column_default AS fallback, c.extra AS extra
    FROM information_schema.tables AS t LEFT JOIN information_schema.columns AS c
    ON c.table_schema = t.table_schema AND c.table_name = t.table_name
    WHERE t.table_schema = ? AND t.table_name = ? ORDER BY c.ordinal_position`;
}

const indexesSql = `SELECT index_name AS name, column_name AS col, CASE WHEN non_unique = 0 THEN 1 ELSE 0 END AS uniq
  FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? ORDER BY index_name, seq_in_index`;

/** Characters of a text that an index takes: those of any length have to name a number, and their bytes have a limit. */
const indexedCharacters = 255;

/** Digits that a DECIMAL holds. */
const mostDigits = 65;

/** Out of range, cut off, not of the type (twice), null, a double, too long, a row in a foreign key (twice), a CHECK (MariaDB's, MySQL's), no JSON (twice). */
const rowErrors = new Set<unknown>([1264, 1265, 1292, 1366, 1048, 1062, 1406, 1216, 1452, 4025, 3819, 3140, 3141]);

/** Too many columns, too long a row of them. */
const widthErrors = new Set<unknown>([1117, 1118]);

/** How MySQL and MariaDB make, show and change the tables that sinks fill. */
export const mysqlTargets: TargetDialect = {
  place: (knex, schema, name) => ({
    query: knex.raw('SELECT COALESCE(?, DATABASE()) AS name, @@lower_case_table_names AS folds', [schema]),
    read: (answer) => {
      const [row] = rowsOf(answer) as readonly PlaceRow[];
      return { schema: row?.name ?? null, name, folded: row?.folds === 0 ? name : name.toLowerCase() };
    },
  }),
  relation: (knex, place) => ({
    query: knex.raw(relationSql(place), [place.schema, place.name]),
    read: (answer) => readRelation(rowsOf(answer) as readonly ColumnRow[]),
  }),
  indexes: (knex, { schema, name }) => ({
    query: knex.raw(indexesSql, [schema, name]),
    read: (answer) => groupIndexes(rowsOf(answer) as readonly IndexRow[]),
  }),
  takenNames: (knex, { schema, name }) => ({
    query: knex.raw(indexesSql, [schema, name]),
    read: (answer) => (rowsOf(answer) as readonly IndexRow[]).map((index) => index.name),
  }),
  typeName,
  fits,
  foldsColumns: true,
  longestIndexed: null,
  utcMark: '',
  hexOf: (knex, column) => knex.raw("CONCAT('0x', LOWER(HEX(??)))", [column]),
  // FROM_UNIXTIME would give the instant in the session's time zone, and ends in 2038 or 3001.
  instantOf: (knex, column) => knex.raw("TIMESTAMP '1970-01-01 00:00:00' + INTERVAL ?? SECOND", [column]),
  memberOf: (knex, column, { key, type }) => {
    const [of, path] = [q(column), `'$.${key}'`];
    const text = `JSON_UNQUOTE(JSON_EXTRACT(${of}, ${path}))`;
    if (type.kind === 'bool') return knex.raw(`${text} = 'true'`);
    // The same in one go, which older MySQL servers lack; they take the first for a comment, MariaDB the second.
    return knex.raw(`/*M!100203 JSON_VALUE(${of}, ${path}) */ /*!50700 ${text} */`);
  },
  // One statement: each would be committed by itself.
  create: (table) => {
    const { place, columns, key, unique = [], indexes } = table;
    const [typeOf, nameOf] = [typesOf(columns), indexNames(table)];
    const parts = [
      ...columns.map(writeColumn),
      `PRIMARY KEY (${key.map(q).join(', ')})`,
      ...(unique.length > 0 ? [`UNIQUE KEY ${writeIndex(nameOf(unique, true), unique, typeOf)}`] : []),
      ...indexes.map((index) => `KEY ${writeIndex(nameOf(index, false), index, typeOf)}`),
    ];
    const options = 'ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
    return [`CREATE TABLE IF NOT EXISTS ${pathOf(place)} (${parts.join(', ')}) ${options}`];
  },
  makesInTransaction: false,
  addColumn: (place, column) => `ALTER TABLE ${pathOf(place)} ADD COLUMN ${writeColumn({ ...column, nullable: true })}`,
  changeColumn: (place, column) => `ALTER TABLE ${pathOf(place)} MODIFY COLUMN ${writeColumn(column)}`,
  allowNull: (place, { name, type }) => `ALTER TABLE ${pathOf(place)} MODIFY COLUMN ${q(name)} ${type} NULL`,
  addIndex: ({ place, columns }, name, index, unique) =>
    `ALTER TABLE ${pathOf(place)} ADD ${unique ? 'UNIQUE KEY' : 'KEY'} ${writeIndex(name, index, typesOf(columns))}`,
  dropIndex: (place, index) =>
    index === 'PRIMARY'
      ? `ALTER TABLE ${pathOf(place)} DROP PRIMARY KEY`
      : `ALTER TABLE ${pathOf(place)} DROP KEY ${q(index)}`,
  refusesRow: (error) => error instanceof PacketSizeError || rowErrors.has(errnoOf(error)),
  isTooWide: (error) => widthErrors.has(errnoOf(error)),
};

function rowsOf(answer: unknown): readonly unknown[] {
  return (answer as readonly [readonly unknown[]])[0];
}

/** A column that computes its values; an expression for a default is `DEFAULT_GENERATED`. */
const isGenerated = /(?:virtual|stored) generated/i;

function readRelation(rows: readonly ColumnRow[]): FoundRelation | null {
  const [first] = rows;
  if (first === undefined) return null;
  const columns = rows.flatMap(({ name, type, nullable, fallback, extra }) => {
    if (name === null || isGenerated.test(extra)) return [];
    const required = nullable === 'NO' && fallback === null && !/auto_increment/i.test(extra);
    return [{ name, type: plainType(type), nullable: nullable === 'YES', required }];
  });
  return { isTable: first.kind === 'BASE TABLE', columns };
}

/** MariaDB and older servers write the width of an integer, which says nothing of what it holds. */
function plainType(type: string): string {
  return type.toLowerCase().replace(/^((?:big)?int)\(\d+\)$/, '$1');
}

function typeName(type: ColumnType): string {
  switch (type.kind) {
    case 'int32':
      return 'int';
    case 'int64':
      return 'bigint';
    case 'bool':
      return 'tinyint(1)';
    case 'time':
      return 'datetime';
    case 'number':
      return type.digits <= mostDigits ? `decimal(${mostDigits},0)` : 'varchar(78)';
    case 'ascii':
      return `char(${type.length})`;
    case 'name':
      return `varchar(${type.length})`;
    case 'json':
      return 'json';
    case 'text':
      return 'longtext';
  }
}

function fits(found: string, type: ColumnType): boolean {
  const plain = found.replace(/^tinyint\(\d+\)$/, 'tinyint');
  const wanted = typeName(type);
  if (plain === wanted.replace(/\(1\)$/, '') || found === wanted) return true;
  if (type.kind === 'json' || type.kind === 'text') return found === 'longtext';
  const length = Number(
    /^(?:var)?char\((\d+)\)$/.exec(found)?.[1] ?? (/^(?:medium|long)?text$/.test(found) ? 65_535 : 0),
  );
  const least = Number(/^(?:var)?char\((\d+)\)$/.exec(wanted)?.[1] ?? Infinity);
  return length >= least;
}

/** Hashes, addresses and digits are ASCII: a fourth of the bytes in an index. */
function writeColumn({ name, type, nullable }: TargetColumn): string {
  const isAscii = type.kind === 'ascii' || (type.kind === 'number' && type.digits > mostDigits);
  const charset = isAscii ? ' CHARACTER SET ascii COLLATE ascii_bin' : '';
  return `${q(name)} ${typeName(type)}${charset} ${nullable ? 'NULL' : 'NOT NULL'}`;
}

type TypeOf = ReadonlyMap<string, ColumnType>;

function typesOf(columns: readonly TargetColumn[]): TypeOf {
  return new Map(columns.map(({ name, type }) => [name, type]));
}

function writeIndex(name: string, columns: readonly string[], typeOf: TypeOf): string {
  const parts = columns.map((column) =>
    typeOf.get(column)?.kind === 'text' ? `${q(column)}(${indexedCharacters})` : q(column),
  );
  return `${q(name)} (${parts.join(', ')})`;
}
