import type { Mutant } from './mutant.js';

/** Returns a file's text without a guard; throws where that is not to be found in it, or more than once. */
export function mutate(original: string, { name, file, text, replacement }: Mutant): string {
  const times = original.split(text).length - 1;
  if (times === 1) return original.replace(text, () => replacement);
  throw new Error(`the text of ${name} occurs ${times} times in ${file}: it must be brought up to date`);
}
