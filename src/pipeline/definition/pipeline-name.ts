const longestName = 255;

/** Returns why a text can't be a pipeline's name; null where it can. Digits alone would be taken for an id. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'is empty';
  if (name.length > longestName) return `is longer than ${longestName} characters`;
  // U+2028 and U+2029 break a line, too.
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return 'must be one line without control characters';
  return /^\d+$/.test(name) ? 'is all digits: it could not be told from an id' : null;
}
