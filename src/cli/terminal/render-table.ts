import type { Lang } from '../../runtime/lang.js';
import { printableLine } from '../../runtime/printable.js';
import { textsIn, type Texts } from '../../texts/texts.js';
import { displayWidth } from './display-width.js';
import { drawTable } from './draw-table.js';
import { fitColumns, sum, type FittedColumn } from './fit-columns.js';
import { shortenText } from './fit-text.js';

/** A column, and what becomes of it where the terminal is narrow. */
export interface Heading {
  readonly column: keyof Texts['columns'];
  /** Numbers read best aligned right. */
  readonly align?: 'left' | 'right';
  /** The larger, the sooner it is cut where the table does not fit; left out: never. */
  readonly cut?: number;
  /** Columns of the terminal down to which its cells may be shortened; left out: they are not. */
  readonly least?: number;
  /** Says the same in fewer words where the table does not fit. */
  readonly brief?: (text: string) => string;
}

export interface TableStyle {
  readonly lang: Lang;
  readonly color: boolean;
  /** Boxes are for terminals; elsewhere columns are only aligned. */
  readonly isTerminal: boolean;
  /** The width that it must fit; undefined: it may be as wide as it is. */
  readonly columns?: number | undefined;
}

/** A table as text, and the headings of the columns that had to be left out. */
export interface RenderedTable {
  /** Without a line break at its end. */
  readonly text: string;
  readonly hidden: readonly string[];
}

/** Returns a table; where it must fit a width, the least important columns are cut first, then long cells shortened. */
export async function renderTable(
  headings: readonly Heading[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): Promise<RenderedTable> {
  const table = fitTable({ headings, rows: rows.map((row) => row.map(printableLine)) }, style);
  const shown = new Set(table.headings);
  const hidden = headings
    .filter((heading) => !shown.has(heading))
    .map(({ column }) => textsIn(style.lang).columns[column]);
  return { text: await draw(table, style), hidden };
}

interface Table {
  readonly headings: readonly Heading[];
  readonly rows: readonly (readonly string[])[];
}

interface FittedTable extends Table {
  /** Undefined: as wide as they are. */
  readonly widths?: readonly number[];
}

function fitTable(table: Table, { lang, isTerminal, columns }: TableStyle): FittedTable {
  if (columns === undefined) return table;
  const roomFor = (count: number): number => columns - (isTerminal ? 3 * count + 1 : 2 * (count - 1));
  const isRoomy = sum(naturalWidths(table, lang)) <= roomFor(table.headings.length);
  if (isRoomy) return table;
  const brief = briefTable(table);
  const widths = naturalWidths(brief, lang);
  const needs = brief.headings.map(({ cut = 0, least }, index) => {
    // What is wider than the terminal is shortened in any case; an event's arguments may be a megabyte.
    const width = Math.min(widths[index] ?? 0, columns);
    return { width, least: Math.min(width, least ?? width), cut };
  });
  return choose(brief, fitColumns(needs, roomFor));
}

function briefTable({ headings, rows }: Table): Table {
  return { headings, rows: rows.map((row) => row.map((cell, index) => headings[index]?.brief?.(cell) ?? cell)) };
}

function naturalWidths({ headings, rows }: Table, lang: Lang): readonly number[] {
  return headings.map((heading, index) =>
    rows.reduce(
      (most, row) => Math.max(most, displayWidth(row[index] ?? '')),
      displayWidth(textsIn(lang).columns[heading.column]),
    ),
  );
}

function choose({ headings, rows }: Table, shown: readonly FittedColumn[]): FittedTable {
  return {
    headings: shown.flatMap(({ index }) => headings[index] ?? []),
    rows: rows.map((row) => shown.map(({ index }) => row[index] ?? '')),
    widths: shown.map(({ width }) => width),
  };
}

async function draw({ headings, rows, widths }: FittedTable, { lang, color, isTerminal }: TableStyle): Promise<string> {
  const { Chalk } = await import('chalk');
  // The table's own colors ask the process whether it has a terminal; that has been decided already.
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const text = await drawTable({
    head: headings.map(({ column }, index) => chalk.bold(shortenText(textsIn(lang).columns[column], widths?.[index]))),
    aligns: headings.map(({ align }) => align ?? 'left'),
    rows: rows.map((row) => row.map((cell, index) => shortenText(cell, widths?.[index]))),
    isBoxed: isTerminal,
  });
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
