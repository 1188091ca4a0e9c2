/** A guard that is taken out, and the tests that must notice it. */
export interface Mutant {
  readonly name: string;
  /** What the guard is for. */
  readonly guard: string;
  /** The name of the file that it stands in: enough to tell it from the same words elsewhere. */
  readonly file: string;
  /** The guard's own tokens, in whatever layout. */
  readonly text: string;
  readonly replacement: string;
  /** The names of test files. */
  readonly tests: readonly string[];
  /** Of these only the suites whose title contains this. */
  readonly only: string | null;
}

/** Writes down a guard of some file. */
export type Guard = (name: string, guard: string, text: string, replacement: string) => Mutant;

/** Returns how the guards of a file are written down that the same tests hold. */
export function guardsOf(file: string, tests: readonly string[], only: string | null = null): Guard {
  return (name, guard, text, replacement) => ({ name, guard, file, text, replacement, tests, only });
}
