import type { FastifyRequest } from 'fastify';
import { invalidRequest, ProblemError } from '../problem.js';

/** ASCII is a part of UTF-8. */
const readCharsets = new Set(['utf-8', 'utf8', 'us-ascii']);

/** Returns a body's text, without its byte order mark. Throws a ProblemError: what is guessed would be another text. */
export function bodyText({ headers }: Pick<FastifyRequest, 'headers'>, bytes: Buffer): string {
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
