import { closest } from 'fastest-levenshtein';

/** Returns the candidate that is spelled most like the word, whatever the case; undefined where there is none. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const lower = candidates.map((candidate) => candidate.toLowerCase());
  return candidates[lower.indexOf(closest(word.toLowerCase(), lower))];
}
