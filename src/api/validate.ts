import type { z } from 'zod';
import { ProblemError, type FieldProblem } from './problem.js';

/** Says what a request's parts must be. */
export interface RequestSchemas {
  readonly params?: z.ZodType | undefined;
  readonly query?: z.ZodType | undefined;
  readonly body?: z.ZodType | undefined;
}

/** Checks a request's parts, all of them; throws a ProblemError that names everything that is wrong. */
export function validate(
  schemas: RequestSchemas,
  parts: Readonly<Record<keyof RequestSchemas, unknown>>,
): {
  readonly [K in keyof RequestSchemas]-?: unknown;
} {
  const errors: FieldProblem[] = [];
  const check = (name: keyof RequestSchemas): unknown => {
    const result = schemas[name]?.safeParse(parts[name]);
    if (result === undefined) return undefined;
    if (result.success) return result.data;
    errors.push(...result.error.issues.slice(0, 20).map((issue) => toFieldProblem(name, issue)));
    return undefined;
  };
  const values = { params: check('params'), query: check('query'), body: check('body') };
  if (errors.length === 0) return values;
  const [first] = errors;
  const detail = `${first?.path ?? 'the request'}: ${first?.message ?? 'is malformed'}`;
  throw new ProblemError(400, 'INVALID_REQUEST', detail, { errors });
}

function toFieldProblem(part: string, { path, message }: z.core.$ZodIssue): FieldProblem {
  return { path: [part, ...path.map(String)].join('.').slice(0, 200), message: message.slice(0, 500) };
}

/** Reads a body's text as JSON; an empty one is none. Throws a ProblemError. */
export function parseJson(text: string | undefined): unknown {
  if (text === undefined || text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ProblemError(400, 'INVALID_REQUEST', 'body: is no JSON', {
      errors: [{ path: 'body', message: 'is no JSON' }],
    });
  }
}
