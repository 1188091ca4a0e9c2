const longestName = 255;

/** Returns why a text can't be a pipeline's name; null where it can. Digits alone would be taken for an id. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'is empty';
  if (name.length > longestName) return `is longer than ${longestName} characters`;
  // U+2028 and U+2029 break a line, too.
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return 'must be one line without control characters';
  const unreadable = readingProblem(name);
  if (unreadable !== null) return unreadable;
  return /^\d+$/.test(name) ? 'is all digits: it could not be told from an id' : null;
}

/** Returns why a name can't be read where it stands among other words; null where it can. */
export function readingProblem(name: string): string | null {
  const turning = /[\u202a-\u202e\u2066-\u2069]/u.exec(name)?.[0];
  if (turning !== undefined) {
    return `holds U+${turning.charCodeAt(0).toString(16).toUpperCase()}, which turns round the text beside it`;
  }
  return /[^\s\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(name) ? null : 'has no character that can be seen';
}
