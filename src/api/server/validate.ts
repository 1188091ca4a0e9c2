import { randomUUID } from 'node:crypto';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { invalidRequest, ProblemError } from '../problem.js';
import { readJson } from '../read-json.js';
import { readPart, unknownKeys } from './request-problems.js';

/**
 * What checks the parts of requests. Parameters of a query that no schema names are refused, unless older clients are
 * served: those send what they like, and a filter that is not set as `status=`.
 */
export function partReader({ olderClients }: { readonly olderClients: boolean }): FastifySchemaCompiler<z.ZodType> {
  return ({ schema, httpPart = 'request' }) => {
    const isQuery = httpPart === 'querystring';
    const name = isQuery ? 'query' : httpPart;
    return (data: unknown) => {
      const unknown = isQuery && !olderClients ? unknownKeys(schema, data, name) : [];
      const read = readPart(schema, isQuery && olderClients ? withoutEmpty(data) : data, name);
      const errors = [...unknown, ...('errors' in read ? read.errors : [])];
      return errors.length > 0 || 'errors' in read ? { error: invalidRequest(errors) } : read;
    };
  };
}

function withoutEmpty(query: unknown): unknown {
  return Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => value !== ''));
}

/** Reads a body as its route wants it: JSON, or its text as it is. Throws a ProblemError. */
export function readBody(request: FastifyRequest, bytes: Buffer): unknown {
  const { headers, routeOptions } = request;
  const { body } = routeOptions.config;
  if (body === undefined) return undefined;
  const text = bodyText(request, bytes);
  if (body === 'text') return text;
  if (/yaml/i.test(headers['content-type'] ?? '')) {
    throw unsupported('this call reads application/json');
  }
  if (text.trim() === '') return undefined;
  const value = readJson(text);
  return body === 'json' ? value : parseExactJson(text);
}

/** ASCII is a part of UTF-8. */
const readCharsets = new Set(['utf-8', 'utf8', 'us-ascii']);

/** Returns a body's text, without its byte order mark. Throws a ProblemError: what is guessed would be another text. */
function bodyText({ headers }: Pick<FastifyRequest, 'headers'>, bytes: Buffer): string {
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding.trim().toLowerCase() !== 'identity') {
    throw unsupported('the body is compressed, and read only as it is', { 'accept-encoding': 'identity' });
  }
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '') ?? [];
  if (!readCharsets.has(charset.toLowerCase())) throw unsupported('the body is in another charset than UTF-8');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalidRequest([{ path: 'body', message: 'is not text in UTF-8' }]);
  }
}

function unsupported(message: string, headers: Readonly<Record<string, string>> = {}): ProblemError {
  return new ProblemError(415, 'UNSUPPORTED_MEDIA_TYPE', message, { headers });
}

/** More than any number of a chain has. */
const mostDigits = 1_000;

/** Texts, which may hold digits, too, and numbers. */
const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/**
 * Reads JSON whose whole numbers keep every digit: those that JavaScript's would round are bigints. Throws a ProblemError where
 * another number is too large for one of JavaScript's.
 */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // No text begins with what nobody can guess.
  const mark = randomUUID();
  const marked = text.replace(textOrNumber, (found) => (isRounded(checked(found)) ? `"${mark}${found}"` : asIs(found)));
  if (marked === text) return value;
  const read = (_key: string, each: unknown): unknown =>
    typeof each === 'string' && each.startsWith(mark) ? BigInt(each.slice(mark.length)) : each;
  return JSON.parse(marked, read) as unknown;
}

/** Work on a number grows with the square of its digits. */
function checked(found: string): string {
  if (found.startsWith('"') || found.length <= mostDigits) return found;
  throw invalidRequest([
    { path: 'body', message: `${found.slice(0, 30)}… is a number of more than ${mostDigits} digits` },
  ]);
}

function asIs(found: string): string {
  if (found.startsWith('"') || Number.isFinite(Number(found))) return found;
  throw invalidRequest([{ path: 'body', message: `${found.slice(0, 30)} is too large a number` }]);
}

function isRounded(found: string): boolean {
  return /^-?\d{16,}$/.test(found) && !Number.isSafeInteger(Number(found));
}
