import { format } from 'mysql2';
import { RuntimeFailure } from '../../../runtime/errors.js';
import { Rooms } from '../../../runtime/rooms.js';
import { backtickName as quoteName, backtickPath } from '../quote-name.js';
import { isReady } from '../ready-insert.js';
import type { WrittenInserts } from '../ready-insert.js';
import { SqlBytes } from '../sql-bytes.js';
import type { SqlPart } from '../sql-bytes.js';
import { isBulkDelete, isBulkInsert, rowsFenced } from '../../script.js';
import type { BulkDelete, BulkInsert, InsertColumn, ScriptStep, SqlValue } from '../../script.js';
import { toHex } from '../../../runtime/hex-bytes.js';

/** Statements that are sent as one packet, and which of their results belong to the script's steps. */
export interface Packet {
  readonly statements: readonly SqlPart[];
  /** Per result of the packet: the index of the step that it answers, or null. */
  readonly answers: readonly (number | null)[];
}

/**
 * A statement that breaks its packet unless a condition holds: the sum leaves the range of BIGINT UNSIGNED, which is an
 * error (1690), and a server runs no statement of a packet behind one that failed.
 */
export function outOfRangeUnless(condition: string): string {
  return `SET @chainparse_fence = 18446744073709551615 + IF(${condition}, 0, 1)`;
}

/** The statement behind a fenced one. So a fence is judged on the server, and the client need not be awake for it. */
function fenceCheck(rows: number): string {
  return outOfRangeUnless(`ROW_COUNT() = ${rows}`);
}

/** The server's error number for a fence that did not hold: ER_DATA_OUT_OF_RANGE. */
export const fenceErrorNumber = 1690;

/** A row is longer than the longest packet that the server takes: no other way of writing it helps. */
export class PacketSizeError extends RuntimeFailure {
  constructor(bytes: number, maxBytes: number) {
    const hint = "raise the server's max_allowed_packet, and try again";
    super(`a row takes ${bytes} bytes, and the database server accepts ${maxBytes} at once`, { hint });
  }
}

interface Piece {
  readonly text: SqlPart;
  readonly step: number | null;
}

/** INSERTs for packets of at most so many bytes. */
export interface WrittenFor extends WrittenInserts {
  readonly maxBytes: number;
}

/**
 * Writes a script as packets of at most `maxBytes`; nearly always as one. Throws PacketSizeError where a row alone is
 * longer, and a TypeError where the text of a `hex` column is none.
 */
export function* writePackets(steps: readonly ScriptStep[], maxBytes: number): Generator<Packet, void, undefined> {
  const pieces = steps.flatMap((step, index) => writeStep(step, index, maxBytes));
  const isAlone = pieces.length === 1;
  const [packet, ...others] = pack(isAlone ? [plain(byItself), ...pieces] : inTransaction(pieces), maxBytes);
  if (others.length > 0)
    yield* pack([plain(expectPackets), ...inTransaction([...pieces, plain(expectNothing)])], maxBytes);
  else if (packet !== undefined) yield packet;
}

/**
 * Around the statements of a transaction. Galera may take one back between two statements of a packet, for one of another node that
 * has won, and go on with those behind: each would be committed by itself, or the packet end well with nothing of it committed. So here
 * they stay one transaction, which lacks the savepoint then and ends (1305); and nothing stands behind COMMIT, whose error would be
 * passed over.
 */
const begin = ['SET autocommit = 0', 'START TRANSACTION', 'SAVEPOINT chainparse'];
const commit = ['RELEASE SAVEPOINT chainparse', 'COMMIT'];
const byItself = 'SET autocommit = 1';

/**
 * Before a transaction of several packets: MySQL ends the session, and with it the transaction, where its client
 * froze before the next one. After the transaction, or its rollback, the session may be idle as long as others. MariaDB
 * has a limit of its own for that, which is always on, and takes the inside for a comment.
 */
export const expectPackets = 'SET @chainparse_packets = 1 /*!80000 , SESSION wait_timeout = 5 */';
export const expectNothing = 'SET @chainparse_packets = 0 /*!80000 , SESSION wait_timeout = DEFAULT */';

function inTransaction(pieces: readonly Piece[]): readonly Piece[] {
  return [...begin.map(plain), ...pieces, ...commit.map(plain)];
}

function plain(text: string): Piece {
  return { text, step: null };
}

function writeStep(step: ScriptStep, index: number, maxBytes: number): readonly Piece[] {
  if (isBulkInsert(step)) return insertsOf(step, maxBytes).map((text) => ({ text, step: index }));
  if (isBulkDelete(step)) return writeDeletes(step).map((text) => ({ text, step: index }));
  const statement = { text: format(step.sql, [...step.bindings]), step: index };
  const fenced = rowsFenced(step);
  return fenced === null ? [statement] : [statement, plain(fenceCheck(fenced))];
}

function insertsOf(insert: BulkInsert, maxBytes: number): readonly Buffer[] {
  const written = isReady<WrittenFor>(insert) && insert.written?.maxBytes === maxBytes ? insert.written : null;
  return (written ?? writeInserts(insert, maxBytes)).inserts;
}

/** Bytes of an INSERT, about: longer ones are no faster, and a server parses each as a whole, in memory. */
const insertLength = 1 << 20;
/** Bytes that a row of events takes, about. */
const rowLength = 512;

/**
 * Writes the INSERTs of many rows, for packets of at most `maxBytes`, but for a row that is longer by itself, in one of `rooms`. Throws
 * a TypeError as `writePackets`.
 */
export function writeInserts(insert: BulkInsert, maxBytes: number, rooms = new Rooms()): WrittenInserts {
  const { schema, table: name, shared = {}, columns, count } = insert;
  const names = [...Object.keys(shared), ...columns.map(({ name }) => name)].map(quoteName);
  const head = Buffer.from(`INSERT INTO ${backtickPath({ schema, name })} (${names.join(', ')}) VALUES `);
  const tail = replacing(insert);
  const longest = Math.min(insertLength, maxBytes / 4);
  const sql = new SqlBytes(rooms, rowLength * (count + 1));
  const rows = new RowWriter(sql, Object.values(shared), columns);
  const ends: number[] = [];
  let begun = 0;
  for (let row = 0; row < count; row++) {
    if (sql.length === begun) sql.bytes(head);
    else sql.character(comma);
    const start = sql.length;
    rows.write(row);
    if (sql.length - begun <= longest || start === begun + head.length) continue;
    // Only now it is known that the row does not fit: it begins the next one.
    const last = sql.cut(start);
    sql.cut(start - 1);
    sql.text(tail);
    ends.push((begun = sql.length));
    sql.bytes(head);
    sql.bytes(last);
  }
  if (count > 0) {
    sql.text(tail);
    ends.push(sql.length);
  }
  const { written, room } = sql.end();
  return { inserts: ends.map((end, i) => written.subarray(ends[i - 1] ?? 0, end)), room };
}

function replacing({ key, columns }: BulkInsert): string {
  if (key === undefined) return '';
  const changed = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => quoteName(name));
  return ` ON DUPLICATE KEY UPDATE ${changed.map((name) => `${name} = VALUES(${name})`).join(', ')}`;
}

/** Rows of one DELETE: for many more the server would read the whole table. */
const rowsPerDelete = 100;

/** Written with OR: of a list of rows behind IN not every server knows that an index leads to them. */
function writeDeletes({ schema, table, match, count }: BulkDelete): readonly Buffer[] {
  const columns = match.map(({ name, hex = false, values }) => ({ before: `${quoteName(name)} = `, hex, values }));
  const parts = Array.from({ length: Math.ceil(count / rowsPerDelete) }, (_, part) => part * rowsPerDelete);
  return parts.map((from) => {
    const sql = new SqlBytes(new Rooms(), rowLength);
    sql.text(`DELETE FROM ${backtickPath({ schema, name: table })} WHERE `);
    for (let row = from; row < Math.min(from + rowsPerDelete, count); row++) {
      sql.text(row === from ? '(' : ' OR (');
      for (const [at, { before, hex, values }] of columns.entries()) {
        sql.text(at === 0 ? before : ` AND ${before}`);
        writeLiteral(sql, values[row] ?? null, hex);
      }
      sql.character(closing);
    }
    return sql.end().written;
  });
}

/** For how many rows a beginning must last to be worth its making: the logs of one transaction are often two or three. */
const rowsAlike = 16;

const comma = 0x2c;
const [opening, closing] = [0x28, 0x29];
const singleQuote = 0x27;

/**
 * Writes one row after the other: what they begin with alike is written once, and copied for the others. A class, for V8 keeps
 * what it compiled for a method; for a function that is made anew for each insert it would compile again and again.
 */
class RowWriter {
  readonly #sql: SqlBytes;
  readonly #shared: readonly (string | number)[];
  readonly #columns: readonly InsertColumn[];
  #alike = 0;
  #head: Uint8Array = new Uint8Array();

  constructor(sql: SqlBytes, shared: readonly (string | number)[], columns: readonly InsertColumn[]) {
    this.#sql = sql;
    this.#shared = shared;
    this.#columns = columns;
  }

  write(row: number): void {
    const [sql, columns] = [this.#sql, this.#columns];
    if (row === 0 || !isAlike(columns, row, this.#alike)) {
      this.#alike = countAlike(columns, row);
      this.#head = rowHead(this.#shared, columns.slice(0, this.#alike), row);
    }
    sql.bytes(this.#head);
    for (let at = this.#alike; at < columns.length; at++) {
      const { hex = false, values } = columns[at] as InsertColumn;
      writeLiteral(sql, values[row] as SqlValue, hex);
      sql.character(at === columns.length - 1 ? closing : comma);
    }
  }
}

/** Writes what rows begin with alike. */
function rowHead(shared: readonly (string | number)[], columns: readonly InsertColumn[], row: number): Buffer {
  const sql = new SqlBytes(new Rooms(), rowLength);
  sql.character(opening);
  const first = shared.map((value) => ({ value, hex: false }));
  const own = columns.map(({ values, hex = false }) => ({ value: values[row] as SqlValue, hex }));
  for (const { value, hex } of [...first, ...own]) {
    writeLiteral(sql, value, hex);
    sql.character(comma);
  }
  return sql.end().written;
}

/** Says whether a row begins like the one before it. */
function isAlike(columns: readonly InsertColumn[], row: number, count: number): boolean {
  for (let at = 0; at < count; at++) {
    const { values } = columns[at] as InsertColumn;
    if (values[row] !== values[row - 1]) return false;
  }
  return true;
}

/** Returns with how many columns the next rows begin like this one, except the last one. */
function countAlike(columns: readonly InsertColumn[], row: number): number {
  let at = 0;
  while (at < columns.length - 1 && columns[at]?.values[row] === columns[at]?.values[row + rowsAlike]) at++;
  return at;
}

function writeLiteral(sql: SqlBytes, value: SqlValue, isHex: boolean): void {
  if (typeof value === 'number') sql.number(value);
  else if (value === null) sql.text('NULL');
  else if (typeof value !== 'string') writeHex(sql, toHex(value));
  else if (isHex) writeHex(sql, value);
  else writeText(sql, value);
}

function writeHex(sql: SqlBytes, value: string): void {
  sql.text("x'");
  sql.hexDigits(value);
  sql.character(singleQuote);
}

/**
 * What ends a text in single quotes, or is not itself in one, where sql_mode lacks NO_BACKSLASH_ESCAPES, as in every
 * session. The driver escapes more: a double quote, of which JSON is full, needs it only between double quotes.
 */
const special = /[\\'\0\x1a]/;

function writeText(sql: SqlBytes, value: string): void {
  if (special.test(value)) {
    sql.text(format('?', [value]));
    return;
  }
  sql.character(singleQuote);
  sql.text(value);
  sql.character(singleQuote);
}

function* pack(pieces: readonly Piece[], maxBytes: number): Generator<Packet, void, undefined> {
  let current: Piece[] = [];
  let length = 0;
  for (const piece of pieces) {
    const bytes = Buffer.byteLength(piece.text) + 1;
    if (bytes > maxBytes) throw new PacketSizeError(bytes, maxBytes);
    if (length + bytes > maxBytes) {
      yield toPacket(current);
      current = [];
      length = 0;
    }
    current.push(piece);
    length += bytes;
  }
  if (current.length > 0) yield toPacket(current);
}

function toPacket(pieces: readonly Piece[]): Packet {
  return { statements: pieces.map((piece) => piece.text), answers: pieces.map((piece) => piece.step) };
}
