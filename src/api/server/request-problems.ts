import type { z } from 'zod';
import { issueText } from '../../pipeline/definition/issue-text.js';
import { unknownText } from '../../runtime/nearest.js';
import type { FieldProblem } from '../problem.js';

/** Issues of one part of a request that are told, at most. */
const mostErrors = 20;

type Issue = z.core.$ZodIssue;

/** What a part of a request is after a schema has read it, or what is wrong with it, a line each. */
export type ReadPart = { readonly value: unknown } | { readonly errors: readonly FieldProblem[] };

/** Reads a part of a request, which is called `name` in what is wrong with it. */
export function readPart(schema: z.ZodType, data: unknown, name: string): ReadPart {
  const known = new Map<readonly string[], readonly string[]>();
  const error = (issue: z.core.$ZodRawIssue): string => {
    if (issue.code === 'unrecognized_keys') known.set(issue.keys, keysOf(issue.inst as z.ZodType));
    const text = issueText(issue) ?? 'is malformed';
    if (issue.code !== 'invalid_type' || (issue.input ?? null) !== null) return text;
    return issue.expected === 'nonoptional' ? 'is missing' : `is missing: it ${text}`;
  };
  const result = schema.safeParse(data, { error });
  if (result.success) return { value: result.data };
  const found = new Map<string, FieldProblem>();
  const add = (path: readonly PropertyKey[], message: string): void => {
    const whole = [name, ...path.map(String)].join('.').slice(0, 200);
    // A number that is far too large breaks several bounds.
    if (found.size < mostErrors && !found.has(whole)) found.set(whole, { path: whole, message: message.slice(0, 500) });
  };
  const told = (form: z.ZodType): readonly Issue[] => form.safeParse(data, { error }).error?.issues ?? [];
  for (const issue of meantIssues(schema, data, told) ?? result.error.issues) {
    if (issue.code !== 'unrecognized_keys') add(issue.path, issue.message);
    else for (const key of issue.keys) add([...issue.path, key], unknownKey(key, known.get(issue.keys) ?? []));
  }
  return { errors: [...found.values()] };
}

/** Says of each key that a schema of mappings does not know that it is unknown. */
export function unknownKeys(schema: z.ZodType, data: unknown, name: string): readonly FieldProblem[] {
  const known = keysOf(schema);
  const unknown = Object.keys(data ?? {}).filter((key) => !known.includes(key));
  return unknown.slice(0, mostErrors).map((key) => ({
    path: `${name}.${key}`.slice(0, 200),
    message: unknownKey(key, known),
  }));
}

function unknownKey(key: string, known: readonly string[]): string {
  return unknownText(key, known, 'this call takes none');
}

function keysOf(schema: z.ZodType): readonly string[] {
  return Object.keys((schema as Partial<z.ZodObject>).shape ?? {});
}

/**
 * Where the whole has several forms, the issues of that one alone count which it comes nearest to, by its keys; null where none
 * clearly is. Zod itself tells of a form in which nothing but a key is wrong, though another has that key.
 */
function meantIssues(
  schema: z.ZodType,
  data: unknown,
  issuesOf: (form: z.ZodType) => readonly Issue[],
): readonly Issue[] | null {
  const { options: several } = schema as Partial<z.ZodUnion<readonly z.ZodType[]>>;
  if (several === undefined || typeof data !== 'object' || data === null) return null;
  const forms = several
    .map((form) => issuesOf(form))
    .map((issues) => ({ issues, unknown: countUnknown(issues), missing: countMissing(issues, data) }))
    .filter(({ unknown }) => unknown < Object.keys(data).length)
    .toSorted((a, b) => a.unknown + a.missing - b.unknown - b.missing);
  const [meant, next] = forms;
  if (meant === undefined) return null;
  const isClear = next === undefined || meant.unknown + meant.missing < next.unknown + next.missing;
  return isClear ? meant.issues : null;
}

function countUnknown(issues: readonly Issue[]): number {
  return issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : [])).length;
}

function countMissing(issues: readonly Issue[], data: object): number {
  return issues.filter(({ path: [key, ...rest] }) => rest.length === 0 && key !== undefined && !(key in data)).length;
}
