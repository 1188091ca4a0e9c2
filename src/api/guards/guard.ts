import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiParts } from '../api-parts.js';
import { ProblemError } from '../problem.js';
import type { Authorizer } from './authorize.js';
import { checkHost, checkOrigin, isLoopback } from './check-origin.js';
import { addressKey } from '../../runtime/address-key.js';
import { RateLimiter } from './rate-limiter.js';
import { securityHeaders } from './security-headers.js';

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** Calls a minute of one address that change something. */
const writesAMinute = 600;

const changing = new Set(['POST', 'PUT', 'DELETE', 'PATCH']);

/** Looks at each request before anything of it is read: by which name, how often, with which right, from which site. */
export function guard({ clock, settings }: Pick<ApiParts, 'clock' | 'settings'>, authorizer: Authorizer): Hook {
  const { host, rateLimit } = settings.api;
  const isLocal = isLoopback(host);
  const calls = new RateLimiter(clock, rateLimit ?? Infinity);
  const writes = new RateLimiter(clock, writesAMinute);
  return async (request, reply) => {
    const { headers, method } = request;
    void reply.headers(securityHeaders);
    if (isLocal) checkHost(headers.host);
    const { access = 'read' } = request.routeOptions.config;
    if (access === 'open') return;
    const key = addressKey(request.ip);
    limit(calls, key);
    request.right = authorizer.authorize(access, headers.authorization);
    if (!changing.has(method)) return;
    checkOrigin(headers);
    limit(writes, key);
  };
}

function limit(limiter: RateLimiter, key: string): void {
  const seconds = limiter.take(key);
  if (seconds === null) return;
  throw new ProblemError(429, 'TOO_MANY_REQUESTS', `too many requests: try again in ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  });
}
