import type { Lang } from '../../runtime/messages.js';
import { printableLine } from '../../runtime/printable.js';

/** A column's heading in each language. */
export interface Heading extends Readonly<Record<Lang, string>> {
  /** Numbers read best aligned right. */
  readonly align?: 'left' | 'right';
}

export interface TableStyle {
  readonly lang: Lang;
  readonly color: boolean;
  /** Boxes are for terminals; elsewhere columns are only aligned. */
  readonly isTerminal: boolean;
}

const corners = ['top', 'bottom', 'left', 'right'] as const;
const noBorders = Object.fromEntries([
  ...corners.flatMap((side) => [[side, ''], ...['-mid', '-left', '-right'].map((end) => [side + end, ''])]),
  ['mid', ''],
  ['mid-mid', ''],
  ['middle', '  '],
]) as Record<string, string>;

/** Returns a table as text without a line break at its end. */
export async function renderTable(
  headings: readonly Heading[],
  rows: readonly (readonly string[])[],
  { lang, color, isTerminal }: TableStyle,
): Promise<string> {
  const [{ default: Table }, { Chalk }] = await Promise.all([import('cli-table3'), import('chalk')]);
  // The table's own colors ask the process whether it has a terminal; that has been decided already.
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const table = new Table({
    head: headings.map((heading) => chalk.bold(heading[lang])),
    colAligns: headings.map(({ align }) => align ?? 'left'),
    ...(isTerminal ? {} : { chars: noBorders }),
    style: {
      head: [],
      border: [],
      compact: true,
      ...(isTerminal ? {} : { 'padding-left': 0, 'padding-right': 0 }),
    },
  });
  for (const row of rows) table.push(row.map(printableLine));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
