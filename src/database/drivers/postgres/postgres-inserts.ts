import { Rooms } from '../../../runtime/rooms.js';
import { hexDigits } from '../../script.js';
import type { BulkDelete, BulkInsert, InsertColumn, SqlValue } from '../../script.js';
import { quoteName, quotePath } from '../quote-name.js';
import type { WrittenInserts } from '../ready-insert.js';
import { SqlBytes } from '../sql-bytes.js';
import { replacing } from '../standard-targets.js';
import { hexLiteral, jsonWithoutNul, literal, quote } from './postgres-literals.js';
import { toHex } from '../../../runtime/hex-bytes.js';

/** Rows of one INSERT at most: more do not make it faster, and the server keeps each column's in its work_mem. */
const rowsPerInsert = 5_000;

/** Characters of texts in one INSERT, about, before it ends early. */
const textPerInsert = 2_000_000;

/** Bytes that a row of events takes, about. */
const rowLength = 400;

/** A part of a statement: its text, or what writes it; loops over rows are functions by themselves, which V8 compiles once. */
type Piece = string | ((sql: SqlBytes) => void);

/** Writes the INSERTs of many rows, in one of `rooms`. Throws a TypeError where the text of a `hex` column is none. */
export function writeInserts(insert: BulkInsert, rooms = new Rooms()): WrittenInserts {
  const { schema, table: name, shared = {}, count } = insert;
  const columns = insert.columns.map(storable);
  const names = [...Object.keys(shared), ...columns.map(({ name }) => name)].map(quoteName);
  const head = `INSERT INTO ${quotePath({ schema, name })} (${names.join(', ')}) `;
  const tail = replacing(insert);
  const first = Object.values(shared).map(literal);
  const sql = new SqlBytes(rooms, rowLength * (count + 1));
  const ends: number[] = [];
  for (let from = 0; from < count;) {
    const to = endOfPart(insert, from);
    writePieces(sql, [head, ...selectRows(first, columns, from, to), tail]);
    ends.push(sql.length);
    from = to;
  }
  const { written, room } = sql.end();
  return { inserts: ends.map((end, i) => written.subarray(ends[i - 1] ?? 0, end)), room };
}

/** What is JSON for the server has to be what it can read again. */
function storable(column: InsertColumn): InsertColumn {
  if (column.type !== 'json') return column;
  const values = column.values.map((value) => (typeof value === 'string' ? jsonWithoutNul(value) : value));
  return { ...column, values };
}

function writePieces(sql: SqlBytes, pieces: readonly Piece[]): void {
  for (const piece of pieces) {
    if (typeof piece === 'string') sql.text(piece);
    else piece(sql);
  }
}

/** Writes the DELETE of many rows. */
export function writeDelete({ schema, table: name, match, count }: BulkDelete): Buffer {
  const names = match.map(({ name }) => quoteName(name));
  const alike = names.map((name) => `stored.${name} = gone.${name}`).join(' AND ');
  const sql = new SqlBytes(new Rooms(), rowLength);
  writePieces(sql, [
    `DELETE FROM ${quotePath({ schema, name })} AS stored USING (`,
    ...selectRows([], match, 0, count),
    `) AS gone (${names.join(', ')}) WHERE ${alike}`,
  ]);
  return sql.end().written;
}

/** Texts alone make rows long; most of a batch's are short. */
function endOfPart({ columns, count }: BulkInsert, from: number): number {
  const end = Math.min(from + rowsPerInsert, count);
  const long = columns.flatMap(({ distinct, values }) => (distinct === true ? [values] : []));
  let length = 0;
  for (let row = from; row < end; row++) {
    for (const values of long) length += (values[row] as string | null)?.length ?? 0;
    if (length > textPerInsert) return row + 1;
  }
  return end;
}

/**
 * Each column whose values differ travels as one text. Numbers, and bytes of one length, are taken out of it by their place,
 * others are split off by the server: four times as fast as literals in rows. What stays the same over many rows, as what is said
 * of a block, is written once for all of them. COPY would take a seventh less of the server's time, but begin before all of it has
 * arrived, and hold locks while its sender is frozen.
 */
function selectRows(
  shared: readonly string[],
  columns: readonly InsertColumn[],
  from: number,
  to: number,
): readonly Piece[] {
  const selected: Piece[] = [...shared];
  const lists: Piece[] = [];
  const starts = columns.map((column) => startsOf(column, from, to));
  const runs = [...new Set(starts.flatMap((own) => (own === null || own.length === 1 ? [] : own)))].sort(
    (a, b) => a - b,
  );
  for (const [at, column] of columns.entries()) {
    const own = starts[at] ?? null;
    const placed =
      own?.length === 1
        ? toLiteral(column.values[from] as SqlValue, column)
        : own === null
          ? takeByPlace(column, column.values.slice(from, to), place)
          : takeByPlace(column, valuesAt(column, runs), run);
    if (placed !== null) selected.push(placed);
    else {
      const list = splitList(column, from, to);
      selected.push(list.read(`c${lists.length}`));
      lists.push(list.source);
    }
  }
  const names = lists.map((_, i) => `c${i}, `).join('');
  const counted =
    lists.length === 0 ? [`generate_series(1, ${to - from})`] : ['ROWS FROM (', ...joined(lists), ') WITH ORDINALITY'];
  const source = [...counted, ` AS r(${names}${place})`];
  return ['SELECT ', ...joined(selected), ' FROM ', ...(runs.length === 0 ? source : inRuns(source, runs, from))];
}

function joined(pieces: readonly Piece[]): readonly Piece[] {
  return pieces.flatMap((piece, at) => (at === 0 ? [piece] : [', ', piece]));
}

/** The column that counts the rows, from 1, and the one that counts the runs. */
const place = 'place';
const run = 'run';

/** How many rows a run must have, at the mean, for its look-up to cost less than values of its rows. */
const rowsPerRun = 8;

/**
 * Returns the rows from which on a column has another value than before; null where there are so many that each row is
 * better told by itself. Of what is not taken by its place a second one is too many.
 */
function startsOf({ values, hex = false, type }: InsertColumn, from: number, to: number): readonly number[] | null {
  const isPlaced = hex || (type === undefined && typeof values[from] === 'number');
  const most = isPlaced ? Math.max(1, (to - from) / rowsPerRun) : 1;
  const starts = [from];
  for (let row = from + 1; row < to; row++) {
    if (values[row] === values[row - 1]) continue;
    starts.push(row);
    if (starts.length > most) return null;
  }
  return starts;
}

/** Tells each row its run. Behind OFFSET the server works that out once for each row, not wherever it is used. */
function inRuns(source: readonly Piece[], runs: readonly number[], from: number): readonly Piece[] {
  const places = runs.map((row) => row - from + 1).join(',');
  return [`(SELECT *, width_bucket(${place}, '{${places}}'::bigint[]) AS ${run} FROM `, ...source, ' OFFSET 0) AS r'];
}

function valuesAt({ values }: InsertColumn, rows: readonly number[]): readonly SqlValue[] {
  const found = new Array<SqlValue>(rows.length);
  for (let at = 0; at < rows.length; at++) found[at] = values[rows[at] as number] as SqlValue;
  return found;
}

/** Returns how a row's value is had from its place, or its run's; null where they are not all numbers, or bytes of one length. */
function takeByPlace({ hex = false, type }: InsertColumn, part: readonly SqlValue[], position: string): Piece | null {
  if (type === undefined && areIntegers(part)) {
    return (sql) => {
      sql.text("('{");
      writeNumbers(sql, part);
      sql.text(`}'::bigint[])[${position}]`);
    };
  }
  const bytes = lengthOfAll(part, hex);
  if (bytes === 0) return null;
  return (sql) => {
    sql.text("substring('\\x");
    writeDigits(sql, part);
    sql.text(`'::bytea from (${position}::integer - 1) * ${bytes} + 1 for ${bytes})`);
  };
}

function writeNumbers(sql: SqlBytes, numbers: readonly number[]): void {
  for (let row = 0; row < numbers.length; row++) {
    if (row > 0) sql.text(',');
    sql.number(numbers[row] as number);
  }
}

function writeDigits(sql: SqlBytes, values: readonly SqlValue[]): void {
  for (const value of values) sql.hexDigits(Buffer.isBuffer(value) ? toHex(value) : (value as string));
}

function areIntegers(values: readonly SqlValue[]): values is readonly number[] {
  for (let row = 0; row < values.length; row++) if (!Number.isInteger(values[row])) return false;
  return true;
}

/** Returns how many bytes each value has; 0 where they have none, or not as many each, or are no bytes. */
function lengthOfAll(values: readonly SqlValue[], hex: boolean): number {
  const length = bytesIn(values[0] as SqlValue, hex);
  for (let row = 1; row < values.length; row++) if (bytesIn(values[row] as SqlValue, hex) !== length) return 0;
  return Math.max(length, 0);
}

/** Returns how many bytes a value stands for; less than none where it stands for none, or is no hex of whole bytes. */
function bytesIn(value: SqlValue, hex: boolean): number {
  if (Buffer.isBuffer(value)) return value.length;
  return hex && typeof value === 'string' && value.length % 2 === 0 ? value.length / 2 - 1 : -1;
}

function toLiteral(value: SqlValue, { hex = false, type }: InsertColumn): string {
  if (hex && typeof value === 'string') return hexLiteral(value);
  return type === undefined ? literal(value) : `${literal(value)}::${type}`;
}

interface SplitList {
  /** The function whose rows are the column's values, as texts. */
  readonly source: Piece;
  /** How a value is had from such a text. */
  readonly read: (name: string) => string;
}

function splitList({ values, hex = false, type }: InsertColumn, from: number, to: number): SplitList {
  const part = values.slice(from, to);
  const example = part.find((value) => value !== null);
  if (typeof example === 'number' && type === undefined) {
    const numeric = part.every((value) => value === null || Number.isInteger(value)) ? 'bigint' : 'double precision';
    const joined = part.map((value) => value ?? 'null').join(',');
    return { source: split({ joined, separator: ',' }, 'null'), read: (name) => `${name}::${numeric}` };
  }
  if (hex || Buffer.isBuffer(example)) {
    const joined = toHexes(part).join(',');
    return { source: split({ joined, separator: ',' }, 'null'), read: (name) => `decode(${name}, 'hex')` };
  }
  const read = (name: string): string => (type === undefined ? name : `${name}::${type}`);
  if (part.every(isPlain)) return { source: (sql) => splitPlain(sql, part as readonly string[]), read };
  const none = part.includes(null) ? joinApart(part.map(toText)).separator : null;
  const texts = part.map((value) => (value === null ? (none ?? '') : toText(value)));
  return { source: split(joinApart(texts), none), read };
}

/** What would end a text in quotes, or is none that PostgreSQL stores, or stands between plain texts. */
const special = /['\0\n]/;

function isPlain(value: SqlValue): boolean {
  return typeof value === 'string' && !special.test(value);
}

/** Nearly all texts are JSON, which has no line break. */
function splitPlain(sql: SqlBytes, texts: readonly string[]): void {
  sql.text("string_to_table('");
  for (let row = 0; row < texts.length; row++) {
    if (row > 0) sql.text('\n');
    sql.text(texts[row] as string);
  }
  sql.text("', '\n')");
}

function toText(value: SqlValue): string {
  return typeof value === 'string' ? value : String(value ?? '');
}

/** What follows on the same is not made anew: the hash of a block stands in each of its rows. */
function toHexes(values: readonly SqlValue[]): readonly string[] {
  let [before, digits]: [SqlValue, string] = [null, 'null'];
  return values.map((value) => {
    if (value !== before) digits = digitsOf(value);
    before = value;
    return digits;
  });
}

function digitsOf(value: SqlValue): string {
  if (Buffer.isBuffer(value)) return value.toString('hex');
  return value === null ? 'null' : hexDigits(String(value));
}

interface Joined {
  readonly joined: string;
  readonly separator: string;
}

/** Texts that are read as NULL are those that equal `none`; null: no text is. */
function split({ joined, separator }: Joined, none: string | null): string {
  const last = none === null ? '' : `, ${quote(none)}`;
  return `string_to_table(${quote(joined)}, ${quote(separator)}${last})`;
}

/**
 * Joins texts with a character that stands in none of them: JSON has no line break, and next to nothing has a control
 * character. Looked for in the whole: to look into each text would have each copied before.
 */
function joinApart(texts: readonly string[]): Joined {
  for (let code = 0x0a; code < 0xd800; code++) {
    const separator = String.fromCharCode(code);
    const joined = texts.join(separator);
    if (countOf(separator, joined) === texts.length - 1) return { joined, separator };
  }
  throw new TypeError('the texts of a column have every character that there is');
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count++;
  return count;
}
