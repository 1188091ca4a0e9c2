import { setImmediate } from 'node:timers/promises';
import type { TableConstructorOptions } from 'cli-table3';
import { chunks } from '../../runtime/chunks.js';

/** What is drawn: each text is one line. */
export interface DrawnTable {
  readonly head: readonly string[];
  readonly aligns: readonly ('left' | 'right')[];
  readonly rows: readonly (readonly string[])[];
  /** Boxes are for terminals; elsewhere columns are only aligned. */
  readonly isBoxed: boolean;
}

type Chars = NonNullable<TableConstructorOptions['chars']>;

/** Some rows, drawn, and how wide their columns are. */
interface DrawnSlice {
  readonly text: string;
  readonly widths: readonly number[];
}

/** Rows that are laid out at once: the time that it takes grows with their square. */
const sliceRows = 50;

const noTop: Chars = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
const noBottom: Chars = { bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' };
const noBorders: Chars = {
  ...{ ...noTop, ...noBottom },
  ...{ left: '', 'left-mid': '', right: '', 'right-mid': '' },
  ...{ mid: '', 'mid-mid': '', middle: '  ' },
};

/**
 * Returns a table as text, each column as wide as its widest cell. Of many rows it draws some at a time, and lets signals be
 * heard in between.
 */
export async function drawTable({ head, aligns, rows, isBoxed }: DrawnTable): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const draw = (slice: DrawnTable['rows'], chars: Chars = {}, options: TableConstructorOptions = {}): DrawnSlice => {
    const table = new Table({
      head: [...head],
      ...options,
      colAligns: [...aligns],
      chars: isBoxed ? chars : noBorders,
      style: { head: [], border: [], compact: true, ...(isBoxed ? {} : { 'padding-left': 0, 'padding-right': 0 }) },
    });
    table.push(...slice.map((row) => [...row]));
    return { text: table.toString(), widths: table.options.colWidths.map((width) => width ?? 0) };
  };
  if (rows.length <= sliceRows) return draw(rows).text;
  const slices = chunks(rows, sliceRows);
  let widths: readonly number[] = [];
  for (const slice of slices) {
    widths = draw(slice).widths.map((width, column) => Math.max(width, widths[column] ?? 0));
    await setImmediate();
  }
  const texts: string[] = [];
  for (const slice of slices) {
    const isFirst = texts.length === 0;
    const isLast = texts.length === slices.length - 1;
    const chars = { ...(isFirst ? {} : noTop), ...(isLast ? {} : noBottom) };
    texts.push(draw(slice, chars, { colWidths: [...widths], ...(isFirst ? {} : { head: [] }) }).text);
    await setImmediate();
  }
  return texts.join('\n');
}
