import { displayWidth } from '../terminal/display-width.js';

const labelWidth = 16;

/** Returns a line of a description: its label, in whatever script, and what it says. */
export function labelledLine(label: string, value: string): string {
  return `  ${label}${' '.repeat(Math.max(1, labelWidth - displayWidth(label)))}${value}`;
}
