import { z } from 'zod';

/** A text of one line. */
export function line(maxLength: number) {
  const oneLine = 'must be one line without control characters';
  return z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .regex(/^\P{Cc}*$/u, { error: oneLine });
}

/** One of some words, in whatever case. */
export function choice<const T extends readonly [string, ...string[]]>(words: T) {
  const error = `must be ${words.join(' or ')}`;
  return z.string({ error }).toLowerCase().pipe(z.enum(words, { error }));
}

/** One value, or a list of them, which may be empty or left out. `one`: what a value is called. */
export function zeroOrMore<T extends z.ZodType>(item: T, one: string) {
  return listOf(z.array(item, { error: `must be ${one} or a list` })).default([]);
}

/** One value, or a list of one at least: required. */
export function oneOrMore<T extends z.ZodType>(item: T, one: string) {
  const error = 'must list at least 1';
  return listOf(z.array(item, { error: `must be ${one} or a list` }).min(1, { error }));
}

/** A mapping is no value of a list of one: it is told where it stands. */
function listOf<T extends z.ZodType>(list: T) {
  return z.preprocess((value) => (typeof value === 'object' || value === undefined ? value : [value]), list);
}

/** Splits `a,b` into a list, as tools of the field take several servers; a comma in a variable's default is that one's. */
export function splitList(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const parts: string[] = [''];
  let depth = 0;
  for (const letter of value) {
    if (letter === '{') depth++;
    else if (letter === '}') depth--;
    if (letter === ',' && depth === 0) parts.push('');
    else parts.push(`${parts.pop()}${letter}`);
  }
  return parts;
}

/** One of several; where a value comes near to one of them, what that one says is told. */
export function either<const T extends readonly z.ZodType[]>(error: string, options: T) {
  return z.union(options, { error: (issue) => nearMessage(issue) ?? error });
}

const nearCodes = new Set(['too_small', 'too_big', 'invalid_format', 'custom']);

function nearMessage({ errors }: { readonly errors?: unknown }): string | undefined {
  const branches = (errors ?? []) as readonly (readonly z.core.$ZodIssue[])[];
  return branches.map(([first]) => first).find((first) => first !== undefined && nearCodes.has(first.code))?.message;
}
