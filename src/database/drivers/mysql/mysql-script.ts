import { format } from 'mysql2';
import { RuntimeFailure } from '../../../runtime/errors.js';
import { hexDigits, isBulkDelete, isBulkInsert, rowsFenced } from '../../script.js';
import type { BulkDelete, BulkInsert, InsertColumn, ScriptStep, SqlValue, TablePath } from '../../script.js';

/** Statements that are sent as one packet, and which of their results belong to the script's steps. */
export interface Packet {
  readonly statements: readonly string[];
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
    const hint = "raise the server's max_allowed_packet, and start the run again";
    super(`a row takes ${bytes} bytes, and the database server accepts ${maxBytes} at once`, { hint });
  }
}

interface Piece {
  readonly text: string;
  readonly step: number | null;
}

/** How the INSERTs of many rows are had for packets of at most `maxBytes`. */
type InsertTexts = (insert: BulkInsert, maxBytes: number) => readonly string[];

/**
 * Writes a script as packets of at most `maxBytes`; nearly always as one. Throws PacketSizeError where a row alone is
 * longer, and a TypeError where the text of a `hex` column is none.
 */
export function* writePackets(
  steps: readonly ScriptStep[],
  maxBytes: number,
  textsOf: InsertTexts = writeInserts,
): Generator<Packet, void, undefined> {
  const pieces = steps.flatMap((step, index) => writeStep(step, index, maxBytes, textsOf));
  const whole = pieces.length === 1 ? pieces : [plain('START TRANSACTION'), ...pieces, plain('COMMIT')];
  const [packet, ...others] = pack(whole, maxBytes);
  if (others.length > 0) yield* pack([plain(expectPackets), ...whole, plain(expectNothing)], maxBytes);
  else if (packet !== undefined) yield packet;
}

/**
 * Before a transaction of several packets: MySQL ends the session, and with it the transaction, where its client
 * froze before the next one. After the transaction, or its rollback, the session may be idle as long as others. MariaDB
 * has a limit of its own for that, which is always on, and takes the inside for a comment.
 */
export const expectPackets = 'SET @chainparse_packets = 1 /*!80000 , SESSION wait_timeout = 5 */';
export const expectNothing = 'SET @chainparse_packets = 0 /*!80000 , SESSION wait_timeout = DEFAULT */';

function plain(text: string): Piece {
  return { text, step: null };
}

function writeStep(step: ScriptStep, index: number, maxBytes: number, textsOf: InsertTexts): readonly Piece[] {
  if (isBulkInsert(step)) return textsOf(step, maxBytes).map((text) => ({ text, step: index }));
  if (isBulkDelete(step)) return writeDeletes(step).map((text) => ({ text, step: index }));
  const statement = { text: format(step.sql, [...step.bindings]), step: index };
  const fenced = rowsFenced(step);
  return fenced === null ? [statement] : [statement, plain(fenceCheck(fenced))];
}

/** Characters of an INSERT, about: longer ones are no faster, and a server parses each as a whole, in memory. */
const insertLength = 1 << 20;

/** Writes the INSERTs of many rows, for packets of at most `maxBytes`. Throws a TypeError as `writePackets`. */
export function writeInserts(insert: BulkInsert, maxBytes: number): readonly string[] {
  const { shared = {}, columns, count } = insert;
  const names = [...Object.keys(shared), ...columns.map(({ name }) => name)].map(quoteName);
  const head = `INSERT INTO ${pathOf(insert)} (${names.join(', ')}) VALUES `;
  const tail = replacing(insert);
  const longest = Math.min(insertLength, maxBytes / 4);
  const literals = columns.map(toLiterals);
  const texts: string[] = [];
  let rows: string[] = [];
  let length = 0;
  const flush = (): void => {
    // Joined with its head: a text that is added to another is copied once more when it is read.
    if (rows.length > 0) texts.push(rows.join(',') + tail);
    rows = [];
    length = 0;
  };
  const write = rowWriter(
    Object.values(shared).map((value) => toLiteral(value, false)),
    literals,
  );
  for (let row = 0; row < count; row++) {
    const text = write(row);
    if (length + text.length > longest) flush();
    rows.push(rows.length === 0 ? head + text : text);
    length += text.length;
  }
  flush();
  return texts;
}

/** What an INSERT says at its end where it replaces rows that are there. */
function replacing({ key, columns }: BulkInsert): string {
  if (key === undefined) return '';
  const changed = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => quoteName(name));
  return ` ON DUPLICATE KEY UPDATE ${changed.map((name) => `${name} = VALUES(${name})`).join(', ')}`;
}

/** Rows of one DELETE: for many more the server would read the whole table. */
const rowsPerDelete = 100;

/** Written with OR: of a list of rows behind IN not every server knows that an index leads to them. */
function writeDeletes({ match, count, ...path }: BulkDelete): readonly string[] {
  const columns = match.map((column) => ({ name: quoteName(column.name), literals: toLiterals(column) }));
  const rows = Array.from(
    { length: count },
    (_, row) => `(${columns.map(({ name, literals }) => `${name} = ${literals[row] ?? 'NULL'}`).join(' AND ')})`,
  );
  const parts = Array.from({ length: Math.ceil(count / rowsPerDelete) }, (_, part) => part * rowsPerDelete);
  return parts.map(
    (from) => `DELETE FROM ${pathOf(path)} WHERE ${rows.slice(from, from + rowsPerDelete).join(' OR ')}`,
  );
}

/** Writes a name so that it can't be taken for anything else, whatever is in it. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function pathOf({ schema, table }: TablePath): string {
  return schema === undefined ? quoteName(table) : `${quoteName(schema)}.${quoteName(table)}`;
}

/** The literals of each column. */
type Literals = readonly (readonly string[])[];

/** For how many rows a beginning must last to be worth its making: the logs of one transaction are often two or three. */
const rowsAlike = 16;

/** Makes the writer of one row after the other: what they begin with alike is put together once for all of them. */
function rowWriter(shared: readonly string[], columns: Literals): (row: number) => string {
  let [alike, head] = [0, ''];
  return (row) => {
    if (row === 0 || !isAlike(columns, row, alike)) {
      alike = countAlike(columns, row);
      // Joined, not added up: what is added up is put together anew in each copy.
      const first = [...shared, ...columns.slice(0, alike).map((literals) => literals[row] as string)];
      head = ['(', ...first.flatMap((literal) => [literal, ','])].join('');
    }
    let text = head + literalAt(columns, alike, row);
    for (let at = alike + 1; at < columns.length; at++) text += `,${literalAt(columns, at, row)}`;
    return `${text})`;
  };
}

function literalAt(columns: Literals, column: number, row: number): string {
  return (columns[column] as readonly string[])[row] as string;
}

/** Says whether a row begins like the one before it. */
function isAlike(columns: Literals, row: number, count: number): boolean {
  for (let at = 0; at < count; at++) if (literalAt(columns, at, row) !== literalAt(columns, at, row - 1)) return false;
  return true;
}

/** Returns with how many columns the next rows begin like this one, except the last one. */
function countAlike(columns: Literals, row: number): number {
  let at = 0;
  while (at < columns.length - 1 && columns[at]?.[row] === columns[at]?.[row + rowsAlike]) at++;
  return at;
}

function toLiterals({ hex = false, distinct = false, values }: InsertColumn): readonly string[] {
  const literals = new Array<string>(values.length);
  let literal = '';
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as SqlValue;
    // Most columns have the same value in row after row.
    if (row === 0 || distinct || value !== values[row - 1]) literal = toLiteral(value, hex);
    literals[row] = literal;
  }
  return literals;
}

function toLiteral(value: SqlValue, isHex: boolean): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return `x'${value.toString('hex')}'`;
  return isHex ? `x'${hexDigits(value)}'` : quote(value);
}

/**
 * What ends a text in single quotes, or is not itself in one, where sql_mode lacks NO_BACKSLASH_ESCAPES, as in every
 * session. The driver escapes more: a double quote, of which JSON is full, needs it only between double quotes.
 */
const special = /[\\'\0\x1a]/;

function quote(value: string): string {
  return special.test(value) ? format('?', [value]) : `'${value}'`;
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
