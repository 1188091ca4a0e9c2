import { closest, distance } from 'fastest-levenshtein';

/** A beginning of so many letters is no accident. */
const shortestStart = 3;

/** A word that differs in more letters may be another one. */
const mostLettersWrong = 2;

/**
 * Returns the candidate that is most likely meant by a word, whatever the case: one that begins with it, else the one that
 * is spelled most like it. Undefined where there is no candidate.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const written = word.toLowerCase();
  const lower = candidates.map((candidate) => candidate.toLowerCase());
  const begun = lower.find((candidate) => written.length >= shortestStart && candidate.startsWith(written));
  return candidates[lower.indexOf(begun ?? closest(written, lower))];
}

/** Returns the candidate of which a word is a slip of the pen; undefined where it may well be a word of its own. */
export function misspelt(word: string, candidates: readonly string[]): string | undefined {
  return candidates.find((candidate) => distance(word, candidate) <= mostLettersWrong);
}
