import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiParts } from '../api-parts.js';
import { ProblemError } from '../problem.js';
import type { Authorizer } from './authorize.js';
import { checkHost, checkOneHost, checkOrigin, isLoopback } from './check-origin.js';
import { addressKey } from '../../runtime/address-key.js';

/** Calls a minute of one address that change something. */
const writesAMinute = 600;

/** Addresses that are remembered at most: a flood from many must not fill the memory. */
const mostAddresses = 20_000;

const changing = new Set(['POST', 'PUT', 'DELETE', 'PATCH']);

/** Has each request looked at before anything of it is read: by which name, how often, with which right, from which site. */
export function guard(app: FastifyInstance, { settings }: Pick<ApiParts, 'settings'>, authorizer: Authorizer): void {
  const { host, rateLimit } = settings.api;
  const isLocal = isLoopback(host);
  const limitCalls = rateLimit === null ? null : limiter(app, rateLimit);
  const limitWrites = limiter(app, writesAMinute);
  app.addHook('onRequest', async (request) => {
    const { headers, method } = request;
    checkOneHost(request.raw.rawHeaders);
    if (isLocal) checkHost(headers.host);
    const { access = 'read' } = request.routeOptions.config;
    if (access === 'open') return;
    await limitCalls?.(request);
    request.right = authorizer.authorize(access, headers.authorization);
    if (!changing.has(method)) return;
    checkOrigin(headers);
    await limitWrites(request);
  });
}

/** Makes what throws a ProblemError where an address calls more often in a minute than is allowed. */
function limiter(app: FastifyInstance, max: number): (request: FastifyRequest) => Promise<void> {
  const keyGenerator = ({ ip }: FastifyRequest): string => addressKey(ip);
  const options = { max, timeWindow: 60_000, cache: mostAddresses, keyGenerator };
  const take = app.createRateLimit(options);
  return async (request) => {
    const taken = await take(request);
    if (taken.isAllowed || !taken.isExceeded) return;
    const seconds = Math.max(1, taken.ttlInSeconds);
    throw new ProblemError(429, 'TOO_MANY_REQUESTS', `too many requests: try again in ${seconds} s`, {
      headers: { 'retry-after': String(seconds) },
    });
  };
}
