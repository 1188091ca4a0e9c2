/** Seconds of an hour: the longest that something is waited for which may as well be done without. */
export const hour = 3_600;

/** Seconds of a week: the longest that a time in seconds may be. */
export const week = 7 * 24 * 3600;

/** Minutes of a year: the longest that a time in minutes may be. */
export const year = 365 * 24 * 60;

/** Says what is wrong with a number that must be above zero and at most `max`; null where nothing is. Fractions are allowed. */
export function amountProblem(text: string, unit: string, max: number): string | null {
  if (!/^\d+(\.\d+)?$/.test(text)) return `is not a number of ${unit}`;
  if (Number(text) < 0.001) return 'must be greater than zero';
  return Number(text) > max ? `must be at most ${max} ${unit}` : null;
}
