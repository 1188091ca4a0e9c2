import type { FastifyRequest } from 'fastify';
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import { ProblemError, type FieldProblem } from '../problem.js';

/** Issues of one part of a request that are told, at most. */
const mostErrors = 20;

/** Returns the problem that names everything that is wrong with one part of a request. */
export function invalidRequest(issues: readonly FastifySchemaValidationError[], part: string): ProblemError {
  const name = part === 'querystring' ? 'query' : part;
  const found = new Map<string, FieldProblem>();
  for (const { instancePath, message = 'is malformed' } of issues) {
    if (found.size === mostErrors) break;
    const path = [name, ...instancePath.split('/').filter((word) => word !== '')].join('.').slice(0, 200);
    // A number that is far too large breaks several bounds.
    if (!found.has(path)) found.set(path, { path, message: message.slice(0, 500) });
  }
  const errors = [...found.values()];
  const [first] = errors;
  return new ProblemError(400, 'INVALID_REQUEST', `${first?.path ?? name}: ${first?.message ?? 'is malformed'}`, {
    errors,
  });
}

/** Reads a body's text as its route wants it: JSON, or as it is. Throws a ProblemError. */
export function readBody({ headers, routeOptions }: FastifyRequest, text: string): unknown {
  const { body } = routeOptions.config;
  if (body !== 'json') return text;
  if (/yaml/i.test(headers['content-type'] ?? '')) {
    throw new ProblemError(415, 'UNSUPPORTED_MEDIA_TYPE', 'this call reads application/json');
  }
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const message = 'is no JSON';
    throw new ProblemError(400, 'INVALID_REQUEST', `body: ${message}`, { errors: [{ path: 'body', message }] });
  }
}
