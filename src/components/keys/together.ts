import type { z } from 'zod';

/** The keys of an object, looked at together. */
export interface Look<V> {
  /** The values that are right by themselves. */
  readonly right: Partial<V>;
  /** Says whether a key has a value, right or wrong; a list of nothing that is right is none. */
  readonly isGiven: (key: string) => boolean;
  /** Tells a problem with a key, or with what a path leads to, and what to do about it. */
  readonly tell: (key: string | readonly PropertyKey[], message: string, hint?: string) => void;
}

/** Looks at several keys together, also where one of them is wrong: all problems are told at once. */
export function together<T extends z.ZodObject>(schema: T, look: (keys: Look<z.output<T>>) => void | Promise<void>): T {
  return schema.superRefine(
    (value: Readonly<Record<string, unknown>>, context) => {
      const wrong = new Set(context.issues.map(({ path }) => path?.[0]));
      return look({
        right: Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.has(key))) as Partial<z.output<T>>,
        isGiven: (key) => Object.hasOwn(value, key) && (wrong.has(key) || !isEmptyList(value[key])),
        tell: (key, message, hint) => {
          const path = typeof key === 'string' ? [key] : [...key];
          context.issues.push({ code: 'custom', input: value, path, message, params: { hint }, continue: true });
        },
      });
    },
    { when: ({ value }) => isMapping(value) },
  );
}

/** Says whether a value of a definition has keys of its own. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Tells where one of two keys is given that are nothing without each other. */
export function bothOrNone({ isGiven, tell }: Look<unknown>, key: string, other: string): void {
  if (isGiven(key) === isGiven(other)) return;
  const [has, lacks] = isGiven(key) ? [key, other] : [other, key];
  tell(lacks, `is required beside ${has}`);
}

/** Tells where two keys are given that say the same thing. */
export function notBoth({ isGiven, tell }: Look<unknown>, key: string, other: string): void {
  if (isGiven(key) && isGiven(other)) tell(other, `can't stand beside ${key}: give one of the two`);
}
