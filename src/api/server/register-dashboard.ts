import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readDashboard, type DashboardFile } from '../dashboard-files.js';
import { ProblemError } from '../problem.js';

/** A year: what a path with a digest leads to never changes. */
const forGood = 'public, max-age=31536000, immutable';
const askAgain = 'no-cache';

/**
 * Serves the dashboard at `/`. Its files hold no data, so that they need no token: what the page shows it asks the API
 * for, with the token of whoever looks at it.
 */
export function registerDashboard(app: FastifyInstance): void {
  const { page, assets, digest } = readDashboard();
  const config = { access: 'open' } as const;
  app.get('/', { config }, (request, reply) => send(request, reply, page, askAgain));
  app.get<{ Params: { digest: string; '*': string } }>('/assets/:digest/*', { config }, (request, reply) => {
    const { digest: asked, '*': path } = request.params;
    const file = assets.get(path);
    if (file === undefined) throw new ProblemError(404, 'NOT_FOUND', 'there is nothing here');
    // A page of an older version may still ask for what it has not loaded yet.
    return send(request, reply, file, asked === digest ? forGood : askAgain);
  });
}

function send(request: FastifyRequest, reply: FastifyReply, file: DashboardFile, caching: string): FastifyReply {
  const { headers } = request;
  void reply.headers({ 'cache-control': caching, etag: file.etag, vary: 'accept-encoding' });
  if (names(headers['if-none-match'], file.etag)) return reply.code(304).send();
  void reply.type(file.media);
  if (!/\bgzip\b(?!;q=0(?:\.0*)?(?:,|$))/.test(headers['accept-encoding'] ?? '')) return reply.send(file.body);
  return reply.header('content-encoding', 'gzip').send(file.zipped);
}

/** Whether a browser has it compressed does not matter: a proxy that compresses makes an ETag weak. */
function names(asked = '', etag: string): boolean {
  return asked.split(',').some((each) => ['*', etag].includes(each.trim().replace(/^W\//, '')));
}
