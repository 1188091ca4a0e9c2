import { readFileSync } from 'node:fs';

/** How long processors worked for this process and for all that it started and that have ended, in seconds; NaN off Linux. */
export function processorSeconds(): number {
  try {
    // In hundredths of a second behind the name, which may hold blanks: user, system, and those of children.
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)!.split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return ticks / 100;
  } catch {
    return Number.NaN;
  }
}
