import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problemMedia } from '../problem.js';
import { bodyOf, type Route } from '../route.js';

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    hint: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

/** A definition is read by its route, whose errors name lines: here it is anything. */
const definitionSchema = z.unknown().meta({ type: 'object', description: 'a definition: docs/pipelines.md' });

/** What a call of the API takes that has no parameters. */
const noQuery = z.object({});

const reasons: Readonly<Record<number, string>> = {
  400: 'a part of the request is malformed',
  401: 'a token is needed',
  403: 'this token, or a page of another site, may not do that',
  404: 'there is no such thing',
  409: 'it does not fit what is there',
  413: 'the body is too large',
  414: 'a part of the path is too long',
  415: 'the body is of another type',
  421: 'the server is called by a name that is not its own',
  429: 'too many requests',
  501: 'this version has no such thing',
  502: "the chain can't be reached, refuses, or is not the one meant",
  503: 'the database is away, or something is not in order',
};

/** Returns how the routes of a server are told as an OpenAPI 3.1 document. */
export function openApiOptions(version: string): FastifyDynamicSwaggerOptions {
  const zodToJsonConfig = { override: tellWhatIsRead };
  const toJson = createJsonSchemaTransform({ zodToJsonConfig });
  const toObject = createJsonSchemaTransformObject({ zodToJsonConfig });
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'chainparse',
        version,
        description: 'Pipelines, their tasks and events, and what is wrong with them.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, ...rest }) => toJson({ ...rest, schema: withoutOptionalBody(schema) }),
    transformObject: (document) => withoutInputs(toObject(document)),
  };
}

/** A body that need not be sent is not told of: the document would say that it must be. */
function withoutOptionalBody({ body, ...rest }: FastifySchema): FastifySchema {
  return body instanceof z.ZodOptional ? rest : { ...rest, body };
}

/** Returns what fastify checks of a route's requests, and tells of it. */
export function routeSchema(route: Route): FastifySchema {
  const { method, path, summary, tag, access, params, query } = route;
  const body = bodyOf(route);
  return {
    operationId: nameOf(method, path),
    summary,
    tags: [tag],
    security: access === 'open' ? [] : [{ token: [] }],
    ...(params === undefined ? {} : { params }),
    ...(query === undefined && !path.startsWith('/api/') ? {} : { querystring: query ?? noQuery }),
    ...(body === undefined ? {} : { body: body === 'text' ? definitionSchema : body }),
    consumes: body === 'text' ? ['application/json', 'application/yaml'] : ['application/json'],
    response: responsesOf(route),
  };
}

function responsesOf(route: Route): Readonly<Record<number, object>> {
  const { answer } = route;
  const {
    status = 200,
    media,
    schema,
    other,
    description,
  } = 'schema' in answer
    ? { ...answer, media: 'application/json', description: 'done' }
    : { media: answer.media, schema: z.string(), other: undefined, description: answer.what };
  const problem = { [problemMedia]: { schema: problemSchema } };
  const responses: Record<number, object> = {};
  const texts = other === undefined ? {} : { [other]: { schema: z.string() } };
  for (const code of [status].flat()) {
    responses[code] = { description: reasons[code] ?? description, content: { [media]: { schema }, ...texts } };
  }
  if ('nothing' in answer) responses[204] = z.null().describe(answer.nothing ?? '');
  for (const code of problemsOf(route)) {
    responses[code] ??= { description: reasons[code] ?? 'a problem', content: problem };
  }
  return responses;
}

function problemsOf(route: Route): readonly number[] {
  const { method, access, params, problems = [] } = route;
  const guards = access === 'open' ? [421] : [400, 401, 421, 429, 503];
  // A page of another site may call none of these, though they change nothing.
  const changes = method === 'GET' ? [] : [403];
  const bodies = bodyOf(route) === undefined ? [] : [413, 415];
  const parts = params === undefined ? [] : [414];
  return [...new Set([...guards, ...changes, ...bodies, ...parts, ...problems])].sort((a, b) => a - b);
}

function nameOf(method: string, path: string): string {
  const words = path
    .replace('/api/v1', '')
    .split(/\W+/)
    .filter((word) => word !== '');
  return [method.toLowerCase(), ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}

/** A number in a URL is a text of digits: that it is a number, and which one where it is left out, says more. */
function tellWhatIsRead({
  zodSchema,
  jsonSchema,
}: Parameters<NonNullable<z.core.ToJSONSchemaParams['override']>>[0]): void {
  if (jsonSchema.type !== 'integer') return;
  delete jsonSchema.pattern;
  const { def } = zodSchema._zod;
  if (def.type === 'default') jsonSchema.default = def.defaultValue;
}

/** No named schema is read, all are told: none of them needs its form as an input. */
function withoutInputs<T extends object>(document: T): T {
  const { components } = document as { readonly components?: { readonly schemas?: Record<string, object> } };
  const told = Object.entries(components?.schemas ?? {}).filter(([name]) => !name.endsWith('Input'));
  return { ...document, components: { ...components, schemas: Object.fromEntries(told) } };
}
