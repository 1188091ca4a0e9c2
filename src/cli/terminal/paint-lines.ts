import { printableLine } from '../../runtime/printable.js';
import { fitText } from './fit-text.js';

/** A line, and how it is meant. */
export interface ScreenLine {
  readonly text: string;
  readonly tone?: 'title' | 'bad' | 'faint' | undefined;
}

interface PaintOptions {
  readonly columns: number;
  readonly isColored: boolean;
  readonly mask: (text: string) => string;
}

/** Returns lines as a terminal shows them: cut to its width, coloured by how they are meant. */
export async function paintLines(
  lines: readonly ScreenLine[],
  { columns, isColored, mask }: PaintOptions,
): Promise<readonly string[]> {
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: isColored ? 1 : 0 });
  const tones = { title: chalk.bold, bad: chalk.red, faint: chalk.dim } as const;
  return lines.map(({ text, tone }) => {
    const fitting = fitText(printableLine(mask(text)), columns);
    return tone === undefined ? fitting : tones[tone](fitting);
  });
}
