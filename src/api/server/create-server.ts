import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify, { errorCodes, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../runtime/errors.js';
import type { ApiParts } from '../api-parts.js';
import type { AuditStore } from '../../database/operations/audit-store.js';
import { AuditTrail } from './audit-trail.js';
import { EventStreams } from './event-streams.js';
import { Authorizer } from '../guards/authorize.js';
import { guard } from '../guards/guard.js';
import { limitConnections } from '../../runtime/limit-connections.js';
import { OneAtATime } from '../../runtime/one-at-a-time.js';
import { openApiOptions } from './openapi.js';
import { ProblemError, problemMedia, toProblem } from '../problem.js';
import { methodsOf, registerRoute } from './register-route.js';
import type { Access, Right, Route } from '../route.js';
import { partReader, readBody } from './validate.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** How its body is read, where it has one. */
    body?: 'json' | 'exact json' | 'text' | undefined;
  }
  interface FastifyRequest {
    right: Right;
  }
}

/** Characters of a part of a path at most: the longest name that a component may have. */
const mostParameter = 255;

/** Bytes of a body at most. */
const bodyLimit = 1024 * 1024;

const bodyMedia = ['application/json', 'application/yaml', 'application/x-yaml', 'text/yaml'];

/** Each connection costs memory; one address may be a proxy before many clients. */
const connectionLimits = { most: 2_000, mostOfOne: 1_000 };

/** Headers of every answer: nothing from elsewhere, no frames, no guesses. */
const headerOptions: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'self'"],
      'object-src': ["'none'"],
      'base-uri': ["'none'"],
      'form-action': ["'self'"],
      'frame-ancestors': ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' },
  // Whether there is TLS before it, this server does not know.
  strictTransportSecurity: false,
};

/** What helmet does not know of; no copy of an answer is kept. */
const headersBesides = {
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
};

/** Makes the HTTP server with some routes; it listens when told to. */
export function createServer(parts: ApiParts, audit: AuditStore, routes: readonly Route[]): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit,
    routerOptions: { maxParamLength: mostParameter },
    // A client that sends a byte now and then shall not hold a connection for long.
    http: { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 2_000, maxHeaderSize: 16_384 },
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 10_000,
    forceCloseConnections: true,
    clientErrorHandler,
    frameworkErrors: (error, request, reply) => void sendProblem(parts, error, request, reply),
  });
  limitConnections(app.server, connectionLimits);
  app.removeAllContentTypeParsers();
  const reading = new OneAtATime();
  app.addContentTypeParser(bodyMedia, { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer) =>
    reading.run(async () => {
      // Bodies that come together are read one by one, with other requests between them.
      await setImmediate();
      return readBody(request, body);
    }),
  );
  // Tools name a media type also where they send nothing.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, ({ headers }, body, done) => {
    const isNothing = body.length === 0;
    done(isNothing ? null : new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(headers['content-type']), undefined);
  });
  app.decorateRequest('right', 'anyone');
  app.setErrorHandler((error, request, reply) => sendProblem(parts, orMethod(routes, request, error), request, reply));
  app.setNotFoundHandler((request) => refuseUnknown(routes, request));
  // Clients of the older program may send what it did not read either.
  app.setValidatorCompiler(partReader(parts.settings.api));
  // The schemas of answers are for the document, and for tests.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  void app.register(helmet, headerOptions);
  void app.register(rateLimit, { global: false });
  void app.register(swagger, openApiOptions(parts.version));
  app.after(() => {
    app.addHook('onRequest', (_request, reply, done) => done(void reply.headers(headersBesides)));
    guard(app, parts, new Authorizer(parts.settings.api));
    const streams = new EventStreams(parts);
    const served = { audit: new AuditTrail({ ...parts, store: audit }), streams, stopping: parts.stopping };
    for (const route of routes) registerRoute(app, route, served);
  });
  return app;
}

function sendProblem(
  { secrets, logger }: ApiParts,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, headers, body } = toProblem(error, secrets);
  const path = secrets.mask(request.url);
  const fields = { event: 'api.failed', method: request.method, path, status };
  const isTold = error instanceof ProblemError && error.options.isTold === true;
  if (status >= 500 && !isTold) logger.log('warn', `${request.method} ${path}: ${status}: ${messageOf(error)}`, fields);
  if (status === 500 && error instanceof Error) logger.log('debug', error.stack ?? error.message, fields);
  return reply
    .code(status)
    .headers({ ...headers, 'content-type': problemMedia })
    .send(Buffer.from(JSON.stringify(body)));
}

function refuseUnknown(routes: readonly Route[], request: FastifyRequest): never {
  const { found, fitting } = routesAt(routes, request);
  if (found.length === 0) throw new ProblemError(404, 'NOT_FOUND', 'there is nothing here', { hint: 'see /docs' });
  throw methodProblem(request, (fitting.length > 0 ? fitting : found).flatMap(methodsOf));
}

/** `DELETE /pipeline/tasks` means the tasks by a wrong method, and no pipeline whose id is wrong. */
function orMethod(routes: readonly Route[], request: FastifyRequest, error: unknown): unknown {
  if (!(error instanceof ProblemError) || error.status !== 400) return error;
  const methods = routesAt(routes, request).fitting.flatMap(methodsOf);
  return methods.length === 0 || methods.includes(request.method) ? error : methodProblem(request, methods);
}

function methodProblem(request: FastifyRequest, methods: readonly string[]): ProblemError {
  const headers = { allow: [...new Set(methods)].join(', ') };
  return new ProblemError(405, 'METHOD_NOT_ALLOWED', `${request.method} is not among ${headers.allow}`, { headers });
}

/** Returns the routes whose path it is by any method, and those of them to which it means something. */
function routesAt(
  routes: readonly Route[],
  request: FastifyRequest,
): Readonly<Record<'found' | 'fitting', readonly Route[]>> {
  const path = request.url.split('?', 1)[0] ?? '';
  const found = routes.filter((route) => patternOf(route).test(path));
  return { found, fitting: found.filter((route) => takes(route, path)) };
}

function patternOf({ path }: Route): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
}

/** The name of one route may stand where another one has an id. */
function takes(route: Route, path: string): boolean {
  return route.params?.safeParse(patternOf(route).exec(path)?.groups).success !== false;
}

/** What is no HTTP gets an answer that says nothing, and is hung up on. */
function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = {
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  }[error.code ?? ''];
  if (socket.writable)
    socket.write(`HTTP/1.1 ${status ?? '400 Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroy();
}
