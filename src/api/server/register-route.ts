import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Scope } from '../../runtime/scope.js';
import type { AuditTrail } from './audit-trail.js';
import type { EventStreams } from './event-streams.js';
import { routeSchema } from './openapi.js';
import { bodyOf, type Route, type RouteAnswer, type RouteInput } from '../route.js';

type Parts = Record<string, unknown>;

export interface RegisterParts {
  readonly audit: AuditTrail;
  readonly streams: EventStreams;
  /** Aborted when the server ends. */
  readonly stopping: AbortSignal;
}

/** Adds a route to the server: its call is noted where it changes something, its answer sent. */
export function registerRoute(app: FastifyInstance, route: Route, parts: RegisterParts): void {
  const isStream = isStreamRoute(route);
  const body = bodyOf(route);
  app.route({
    method: route.method,
    url: route.path.replace(/\{(\w+)\}/g, ':$1'),
    exposeHeadRoute: methodsOf(route).includes('HEAD'),
    config: {
      access: route.access,
      body: body === undefined || body === 'text' ? body : route.keepsDigits === true ? 'exact json' : 'json',
    },
    schema: routeSchema(route),
    handler: isStream
      ? async (request, reply) => {
          await openStream(route, request, reply, parts);
          return reply;
        }
      : async (request, reply) => {
          const input = readInput(request, reply, parts.stopping);
          const handle = (): Promise<RouteAnswer> => route.handle(input);
          return sendAnswer(reply, await (route.access === 'write' ? parts.audit.note(request, handle) : handle()));
        },
  });
}

/** Returns the methods that a route is called by: HEAD has what GET has, without its body, and a stream is nothing else. */
export function methodsOf(route: Route): readonly string[] {
  return route.method === 'GET' && !isStreamRoute(route) ? ['GET', 'HEAD'] : [route.method];
}

function isStreamRoute({ answer }: Route): boolean {
  return 'media' in answer && answer.media === 'text/event-stream';
}

async function openStream(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  { streams, stopping }: RegisterParts,
): Promise<void> {
  const input = readInput(request, reply, stopping);
  const leave = streams.enter(request);
  try {
    const answer = await route.handle(input);
    if ('events' in answer) {
      streams.send(reply, answer.events, leave);
    } else {
      void sendAnswer(reply, answer);
      leave();
    }
  } catch (error) {
    leave();
    throw error;
  }
}

/** What fastify has checked. */
function readInput(
  request: FastifyRequest,
  reply: FastifyReply,
  stopping: AbortSignal,
): RouteInput<Parts, Parts, unknown> {
  const lastEventId = request.headers['last-event-id'];
  return {
    params: request.params as Parts,
    query: request.query as Parts,
    body: request.routeOptions.config.body === 'text' ? (request.body ?? '') : request.body,
    signal: whileThere(reply, stopping),
    right: request.right,
    lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
    document: () => request.server.swagger(),
  };
}

function whileThere({ raw }: FastifyReply, stopping: AbortSignal): AbortSignal {
  const there = new Scope(stopping);
  const end = (): void => there.end(new Error('the client is gone'));
  if (raw.destroyed) end();
  else raw.once('close', end);
  return there.signal;
}

function sendAnswer(reply: FastifyReply, answer: RouteAnswer): FastifyReply {
  if ('events' in answer) throw new TypeError('a stream where none was announced');
  if (answer.status !== undefined) void reply.code(answer.status);
  if ('json' in answer) return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer.json));
  if (!('text' in answer)) return reply.send();
  return reply
    .headers(answer.headers ?? {})
    .type(answer.media)
    .send(answer.text);
}
