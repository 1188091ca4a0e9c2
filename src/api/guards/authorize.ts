import { createHash, timingSafeEqual } from 'node:crypto';
import type { Access, Right } from '../route.js';
import { ProblemError } from '../problem.js';

/** Decides by the Authorization header what a caller may do. */
export class Authorizer {
  readonly #token: Buffer | null;
  readonly #readToken: Buffer | null;

  constructor({ token, readToken }: { readonly token: string | null; readonly readToken: string | null }) {
    this.#token = token === null ? null : digest(token);
    this.#readToken = readToken === null ? null : digest(readToken);
  }

  /** Returns by which right a call may be done; throws a ProblemError where it may not. */
  authorize(access: Access, header: string | undefined): Right {
    if (access === 'open' || (this.#token === null && this.#readToken === null)) return 'anyone';
    const right = this.#rightOf(header);
    if (right === null) throw unauthorized(header !== undefined);
    if (access === 'write' && right === 'read-token') {
      throw new ProblemError(403, 'FORBIDDEN', 'this token may read, and change nothing');
    }
    return right;
  }

  /** Both comparisons are made whatever the first one says, each in constant time. */
  #rightOf(header: string | undefined): Right | null {
    const given = digest(readToken(header) ?? '');
    const isToken = this.#token !== null && timingSafeEqual(given, this.#token);
    const isReadToken = this.#readToken !== null && timingSafeEqual(given, this.#readToken);
    if (isToken) return 'token';
    return isReadToken ? 'read-token' : null;
  }
}

/** Digests are of one length, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** `Bearer TOKEN`, or what a browser asks a person for: Basic with any user and the token as the password. */
function readToken(header: string | undefined): string | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const basic = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(header ?? '')?.[1];
  if (basic === undefined) return undefined;
  const pair = Buffer.from(basic, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : pair.slice(colon + 1);
}

function unauthorized(isGiven: boolean): ProblemError {
  const detail = isGiven ? 'the token is not the one that is set' : 'a token is needed';
  return new ProblemError(401, 'UNAUTHORIZED', detail, {
    hint: 'send Authorization: Bearer and the token of CHAINPARSE_API_TOKEN or CHAINPARSE_API_READ_TOKEN',
    headers: { 'www-authenticate': 'Bearer realm="chainparse", Basic realm="chainparse", charset="UTF-8"' },
  });
}
