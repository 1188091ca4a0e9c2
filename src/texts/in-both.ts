import type { Lang } from '../runtime/lang.js';

/** Texts of one subject in each language: what one language lacks, or has too much, is an error of types. */
export function inBoth<T>(en: T, zh: NoInfer<T>): Readonly<Record<Lang, T>> {
  return { en, zh };
}

/** Returns `one` of a thing, `many` of any other number. */
export function plural(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}
