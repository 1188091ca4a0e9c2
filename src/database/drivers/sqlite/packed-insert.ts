import { hexDigits } from '../../script.js';
import type { BulkDelete, BulkInsert, InsertColumn, ScriptStep, SqlValue, Statement } from '../../script.js';

/**
 * A bulk insert as it travels to another process. What is cloned value by value costs more than the insert itself, so
 * each column is a few large pieces.
 */
export interface PackedInsert extends Omit<BulkInsert, 'columns'> {
  readonly packed: readonly PackedColumn[];
}

interface Named {
  readonly name: string;
}

/**
 * Values that follow on one another and are the same are there once, as a run: run `i` ends before row `runs[i]`, and its
 * value before `ends[i]` in the text or bytes.
 */
type PackedColumn = Named &
  (
    | { readonly numbers: Float64Array }
    | { readonly text: string; readonly runs: Uint32Array; readonly ends: Uint32Array }
    | { readonly bytes: Buffer; readonly runs: Uint32Array; readonly ends: Uint32Array }
    | { readonly values: readonly SqlValue[]; readonly hex: boolean }
  );

/** Characters of a column that are joined at most: a longer text may exceed what the engine holds in one. */
const longestText = 1 << 26;

/** What is deleted is little, and travels as it is. */
export type PackedStep = Statement | PackedInsert | BulkDelete;

/** Packs a bulk insert. Throws a TypeError where the text of a `hex` column is none. */
export function packInsert({ columns, ...insert }: BulkInsert): PackedInsert {
  return { ...insert, packed: columns.map(packColumn) };
}

/** Unpacks the bulk insert that a step may be; what was hex is bytes then. */
export function unpackStep(step: PackedStep): ScriptStep {
  if (!('packed' in step)) return step;
  const { packed, ...insert } = step;
  return { ...insert, columns: packed.map((column) => unpackColumn(column, insert.count)) };
}

function packColumn({ name, hex = false, distinct = false, values }: InsertColumn): PackedColumn {
  if (areNumbers(values)) return { name, numbers: new Float64Array(values) };
  const found = toRuns(values, distinct);
  if (found === null || found.length > longestText) return { name, hex, values };
  const { texts, runs } = found;
  return hex ? { name, runs, ...joinHex(texts) } : { name, runs, ...joinTexts(texts) };
}

/** A plain loop: `every` puts each number that is no small integer into an object of its own. */
function areNumbers(values: readonly SqlValue[]): values is readonly number[] {
  for (let row = 0; row < values.length; row++) if (typeof values[row] !== 'number') return false;
  return true;
}

interface Runs {
  readonly texts: readonly string[];
  readonly runs: Uint32Array;
  readonly length: number;
}

/** Returns null where one of the values is no text. */
function toRuns(values: readonly SqlValue[], distinct: boolean): Runs | null {
  const texts: string[] = [];
  const runs = new Uint32Array(values.length);
  let length = 0;
  let before: SqlValue = null;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as SqlValue;
    if (typeof value !== 'string') return null;
    if (distinct || value !== before) {
      texts.push(value);
      length += value.length;
      before = value;
    }
    runs[texts.length - 1] = row + 1;
  }
  return { texts, runs: runs.slice(0, texts.length), length };
}

function joinTexts(texts: readonly string[]): { text: string; ends: Uint32Array } {
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (let i = 0; i < texts.length; i++) ends[i] = end += (texts[i] as string).length;
  return { text: texts.join(''), ends };
}

/** Each text is looked at by itself only where together they are no hex. */
function joinHex(texts: readonly string[]): { bytes: Buffer; ends: Uint32Array } {
  const { text, ends } = joinTexts(texts.map(hexAtSight));
  const bytes = Buffer.from(text, 'hex');
  // What is no digit ends the bytes early.
  if (2 * bytes.length < text.length) texts.forEach(hexDigits);
  for (let i = 0; i < ends.length; i++) ends[i] = (ends[i] as number) / 2;
  return { bytes, ends };
}

/** Returns what should be the digits of 0x-hex; throws where they are not those of whole bytes. */
function hexAtSight(text: string): string {
  return text.length % 2 === 0 && text.startsWith('0x') ? text.slice(2) : hexDigits(text);
}

function unpackColumn(column: PackedColumn, count: number): InsertColumn {
  const { name } = column;
  if ('numbers' in column) return { name, values: toArray(column.numbers) };
  if ('values' in column) return column;
  const values = new Array<SqlValue>(count);
  const whole = 'text' in column ? column.text : column.bytes;
  let [row, start] = [0, 0];
  for (let run = 0; run < column.runs.length; run++) {
    const end = column.ends[run] ?? 0;
    const value = typeof whole === 'string' ? whole.slice(start, end) : whole.subarray(start, end);
    for (const next = column.runs[run] ?? 0; row < next; row++) values[row] = value;
    start = end;
  }
  return { name, values };
}

/** Ten times as fast as Array.from, which asks an iterator for each. */
function toArray(numbers: Float64Array): number[] {
  const values = new Array<number>(numbers.length);
  for (let row = 0; row < numbers.length; row++) values[row] = numbers[row] as number;
  return values;
}
