import type { Lang } from '../../runtime/lang.js';
import type { Cell } from '../terminal/output.js';
import type { ScreenLine } from '../terminal/paint-lines.js';
import { renderTable, type Heading } from '../terminal/render-table.js';
import { textsIn, type Texts } from '../../texts/texts.js';

/** A row of a block, and how it is meant. */
export interface StatusRow {
  readonly cells: readonly Cell[];
  readonly tone?: ScreenLine['tone'];
}

/** How much there may be of a table. */
export interface Room {
  /** Lines that it may take. */
  readonly room: number;
  /** Rows that there are, shown or not. */
  readonly total: number;
}

interface BlockStyle extends Room {
  readonly lang: Lang;
  /** The width that there is; undefined: as much as is wanted. */
  readonly columns: number | undefined;
}

/** A table with its title, and the headings of the columns that were left out. */
export interface StatusBlock {
  readonly lines: readonly ScreenLine[];
  readonly hidden: readonly string[];
}

const indent = '  ';

/** Returns a table with its title, as far as there is room; what is left out is counted. */
export async function statusBlock(
  name: keyof Texts['system']['title'],
  headings: readonly Heading[],
  rows: readonly StatusRow[],
  { lang, room, total, columns }: BlockStyle,
): Promise<StatusBlock> {
  // A blank line, the title, the headings; and what says that there is more.
  const fits = Math.max(1, room - 3);
  const shown = rows.length <= fits && total <= rows.length ? rows : rows.slice(0, Math.max(1, fits - 1));
  const cells = shown.map((row) => row.cells.map((cell) => (cell === null || cell === undefined ? '-' : String(cell))));
  const width = columns === undefined ? undefined : columns - indent.length;
  const { text, hidden } = await renderTable(headings, cells, {
    lang,
    color: false,
    isTerminal: false,
    columns: width,
  });
  const [heading = '', ...table] = text.split('\n');
  const { system } = textsIn(lang);
  const title = `${system.title[name]} (${total})`;
  const more = total - shown.length;
  const lines: readonly ScreenLine[] = [
    { text: '' },
    { text: title, tone: 'title' },
    ...(shown.length === 0 ? [] : [{ text: indent + heading, tone: 'faint' } as const]),
    ...shown.map(({ tone }, index) => ({ text: indent + (table[index] ?? ''), tone })),
    ...(more > 0 ? [{ text: system.more(more), tone: 'faint' } as const] : []),
  ];
  return { lines, hidden: shown.length === 0 ? [] : hidden };
}
