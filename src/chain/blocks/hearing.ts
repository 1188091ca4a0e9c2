import type { BlockRef } from '../../model/block.js';

/** What those who tell of a chain say of a block that was read, by their names. */
export interface Hearing {
  readonly have: readonly string[];
  /** They have another block in its place. */
  readonly lack: readonly string[];
  /** They do not answer, or have no block in its place (yet). */
  readonly silent: readonly string[];
}

/** What one of them says: the hash of its block of that number; null where it tells none. */
export type Voice = readonly [name: string, told: string | null];

/** Sorts by what they say of a block those who were asked. */
export function hear({ hash }: BlockRef, voices: readonly Voice[]): Hearing {
  const those = (say: (told: string | null) => boolean): readonly string[] =>
    voices.filter(([, told]) => say(told)).map(([name]) => name);
  return {
    have: those((told) => told === hash),
    lack: those((told) => told !== null && told !== hash),
    silent: those((told) => told === null),
  };
}

/** Returns in words who has a block, and who has another one. */
export function disagreementOn({ number, hash }: BlockRef, { have, lack }: Hearing): string {
  const holders = `${have.join(', ')} ${have.length === 1 ? 'has' : 'have'} block ${number} (${hash})`;
  return `the endpoints disagree: ${holders}, ${lack.join(', ')} ${lack.length === 1 ? 'has' : 'have'} another one`;
}
