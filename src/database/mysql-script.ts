import { format } from 'mysql2';
import { hexDigits, isBulkInsert } from './script.js';
import type { BulkInsert, ScriptStep } from './script.js';

/** SQL text that is sent as one packet, and which results of it belong to the script's steps. */
export interface Packet {
  readonly text: string;
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
const fenceCheck = outOfRangeUnless('ROW_COUNT() = 1');

/** The server's error number for a fence that did not hold: ER_DATA_OUT_OF_RANGE. */
export const fenceErrorNumber = 1690;

interface Piece {
  readonly text: string;
  readonly step: number | null;
}

/** Writes a script as packets of at most `maxBytes`; nearly always as one. */
export function writePackets(steps: readonly ScriptStep[], maxBytes: number): readonly Packet[] {
  const pieces = steps.flatMap((step, index) => writeStep(step, index, maxBytes / 4));
  const whole = pieces.length === 1 ? pieces : [plain('START TRANSACTION'), ...pieces, plain('COMMIT')];
  return pack(whole, maxBytes);
}

function plain(text: string): Piece {
  return { text, step: null };
}

function writeStep(step: ScriptStep, index: number, maxBytes: number): readonly Piece[] {
  if (isBulkInsert(step)) return writeInserts(step, index, maxBytes);
  const statement = { text: format(step.sql, [...step.bindings]), step: index };
  return step.fence === true ? [statement, plain(fenceCheck)] : [statement];
}

function writeInserts(insert: BulkInsert, index: number, maxBytes: number): readonly Piece[] {
  const head = `INSERT INTO \`${insert.table}\` (${insert.columns.map((column) => `\`${column.name}\``).join(', ')}) VALUES `;
  const pieces: Piece[] = [];
  let rows: string[] = [];
  let length = 0;
  const flush = (): void => {
    if (rows.length > 0) pieces.push({ text: head + rows.join(','), step: index });
    rows = [];
    length = 0;
  };
  for (const row of insert.rows) {
    const text = writeRow(insert, row);
    if (length + text.length > maxBytes) flush();
    rows.push(text);
    length += text.length;
  }
  flush();
  return pieces;
}

function writeRow(insert: BulkInsert, row: readonly (string | number | null)[]): string {
  let text = '(';
  for (let i = 0; i < row.length; i++) {
    const value = row[i] ?? null;
    if (i > 0) text += ',';
    if (value === null) text += 'NULL';
    else if (typeof value === 'number') text += String(value);
    else if (insert.columns[i]?.hex === true) text += `x'${hexDigits(value)}'`;
    else text += quote(value);
  }
  return text + ')';
}

/** Characters that sql_mode without NO_BACKSLASH_ESCAPES, which every session sets, wants escaped. */
const special = /[\0\n\r\b\t\\'"\x1a]/;

function quote(value: string): string {
  return special.test(value) ? format('?', [value]) : `'${value}'`;
}

function pack(pieces: readonly Piece[], maxBytes: number): readonly Packet[] {
  const packets: Packet[] = [];
  let current: Piece[] = [];
  let length = 0;
  const flush = (): void => {
    if (current.length === 0) return;
    packets.push({ text: current.map((piece) => piece.text).join(';'), answers: current.map((piece) => piece.step) });
    current = [];
    length = 0;
  };
  for (const piece of pieces) {
    const bytes = Buffer.byteLength(piece.text) + 1;
    if (length + bytes > maxBytes) flush();
    current.push(piece);
    length += bytes;
  }
  flush();
  return packets;
}
