import { closest, distance } from 'fastest-levenshtein';

/** A beginning of so many letters is no accident. */
const shortestStart = 3;

/** Who writes more than one letter in so many wrong, or more than these, may mean another word. */
const lettersPerSlip = 4;
const mostSlips = 2;

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

/**
 * Returns the nearest candidate where it is near, so that it may well be meant: it begins with the word, or few of its letters
 * are others.
 */
export function near(word: string, candidates: readonly string[]): string | undefined {
  const meant = nearest(word, candidates);
  if (meant === undefined) return undefined;
  const written = word.toLowerCase();
  const found = meant.toLowerCase();
  const isBegun = written.length >= shortestStart && found.startsWith(written);
  const slips = Math.max(Math.min(mostSlips, written.length / 2), written.length / 3);
  return isBegun || distance(written, found) <= slips ? meant : undefined;
}

/** Says that a name is unknown, and which is meant: the one that is near, else any; `none` where there is none. */
export function unknownText(name: string, known: readonly string[], none: string): string {
  if (known.length === 0) return `is unknown: ${none}`;
  const meant = near(name, known);
  return `is unknown: ${meant === undefined ? `known are ${known.join(', ')}` : `the nearest known one is ${meant}`}`;
}

/** Returns the candidate of which a word is a slip of the pen; undefined where it may well be a word of its own. */
export function misspelt(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const meant = closest(word, candidates);
  const slips = Math.min(mostSlips, Math.floor(word.length / lettersPerSlip));
  return distance(word, meant) <= slips ? meant : undefined;
}
