import { z } from 'zod';
import type { Route } from './route.js';

type Json = Record<string, unknown>;

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

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

const reasons: Readonly<Record<number, string>> = {
  400: 'a part of the request is malformed',
  401: 'a token is needed',
  403: 'this token may not do that',
  404: 'there is no such thing',
  409: 'it does not fit what is there',
  413: 'the body is too large',
  415: 'the body is of another type',
  429: 'too many requests',
  501: 'this version has no such thing',
  503: 'the database is away, or something is not in order',
};

/** Describes routes as an OpenAPI 3.1 document. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  const describe = new Describer(schemas);
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: describe.operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'chainparse',
      version,
      description: 'Pipelines, their tasks and events, and what is wrong with them.',
    },
    paths,
    components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

/** Describes one route after the other; named schemas are kept once. */
class Describer {
  readonly #schemas: Json;

  constructor(schemas: Json) {
    this.#schemas = schemas;
  }

  operation(route: Route): Json {
    const { method, path, summary, tag, access, params, query } = route;
    return {
      operationId: nameOf(method, path),
      summary,
      tags: [tag],
      security: access === 'open' ? [] : [{ token: [] }],
      parameters: [...this.#parameters(params, 'path'), ...this.#parameters(query, 'query')],
      ...this.#requestBody(route),
      responses: this.#responses(route),
    };
  }

  #parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): readonly Json[] {
    if (schema === undefined) return [];
    const written = this.#schema(schema, 'input') as ObjectSchema;
    const read = this.#schema(schema, 'output') as ObjectSchema;
    const { properties = {}, required = [] } = written;
    // A number is written as a text of digits: what is read says more. Of everything else, what is written does.
    const shape = (name: string): Json => {
      const value = read.properties?.[name];
      return value?.['type'] === 'integer' ? value : (properties[name] ?? {});
    };
    return Object.keys(properties).map((name) => {
      const { description = properties[name]?.['description'], ...property } = shape(name);
      const isRequired = place === 'path' || required.includes(name);
      return {
        name,
        in: place,
        required: isRequired,
        ...(description === undefined ? {} : { description }),
        schema: property,
      };
    });
  }

  #requestBody({ body }: Route): Json {
    if (body === undefined) return {};
    if (body !== 'text') {
      return {
        requestBody: { required: true, content: { 'application/json': { schema: this.#schema(body, 'input') } } },
      };
    }
    const schema = { type: 'object', description: 'a definition: docs/pipelines.md' };
    return {
      requestBody: { required: true, content: { 'application/json': { schema }, 'application/yaml': { schema } } },
    };
  }

  #responses(route: Route): Json {
    const { answer } = route;
    const good =
      'schema' in answer
        ? { 'application/json': { schema: this.#schema(answer.schema, 'output') } }
        : { [answer.media]: { schema: { type: 'string' } } };
    const description = 'schema' in answer ? 'done' : answer.what;
    const status = ('schema' in answer ? answer.status : undefined) ?? 200;
    const problem = { 'application/problem+json': { schema: this.#schema(problemSchema, 'output') } };
    const problems = problemsOf(route).map((code) => [
      code,
      { description: reasons[code] ?? 'a problem', content: problem },
    ]);
    return { [status]: { description, content: good }, ...(Object.fromEntries(problems) as Json) };
  }

  #schema(schema: z.ZodType, io: 'input' | 'output'): Json {
    const { $defs = {}, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
    delete json['$schema'];
    for (const [name, value] of Object.entries($defs as Json)) this.#schemas[name] = moveReferences(value);
    const { id, ...own } = json;
    if (typeof id !== 'string') return moveReferences(own) as Json;
    this.#schemas[id] = moveReferences(own);
    return { $ref: `#/components/schemas/${id}` };
  }
}

function problemsOf({ access, body, problems = [] }: Route): readonly number[] {
  const guards = access === 'open' ? [] : [400, 401, 429, 503];
  const changes = access === 'write' ? [403] : [];
  const bodies = body === undefined ? [] : [413, 415];
  return [...new Set([...guards, ...changes, ...bodies, ...problems])].sort((a, b) => a - b);
}

function nameOf(method: string, path: string): string {
  const words = path
    .replace('/api/v1', '')
    .split(/\W+/)
    .filter((word) => word !== '');
  return [method.toLowerCase(), ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}

/** Zod's own definitions lie beside each schema; in the document all lie in one place. */
function moveReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => moveReferences(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Json).flatMap(([key, item]) => {
      if (key === 'id' && typeof item === 'string') return [];
      const moved =
        key === '$ref' && typeof item === 'string' ? item.replace('#/$defs/', '#/components/schemas/') : item;
      return [[key, moveReferences(moved)]];
    }),
  );
}
