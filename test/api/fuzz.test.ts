import { expect } from 'chai';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import type { Database } from '../../src/database/database.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { testApi, type TestApi } from './api-fixture.js';

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** What a hostile client writes where something else is wanted. */
const nasty = fc.oneof(
  fc.constantFrom(
    ...["' OR '1'='1", '1; DROP TABLE pipeline_task; --', '1) UNION SELECT 1,2,3 --', '"', '`', '\\', '%', '%00', '\0'],
    ...[
      '../../../../etc/passwd',
      '..%2f..%2f',
      '${jndi:ldap://x}',
      '{{7*7}}',
      '<script>alert(1)</script>',
      'a\r\nX-Evil: 1',
    ],
    ...[
      '-1',
      '0',
      '1e308',
      'NaN',
      'Infinity',
      '9007199254740993',
      '0x10',
      '1.5',
      '+1',
      ' 1',
      '',
      'null',
      'true',
      '[]',
      '{}',
    ],
    ...[
      '__proto__',
      'constructor',
      'toString',
      '2024-02-31',
      '9999-99-99',
      '0000-00-00',
      '2024-01-15T10:00:00Z',
      '💥',
      '\u202e',
    ],
  ),
  fc.string({ maxLength: 60, unit: 'binary' }),
);

/** A value as a schema has it, or one that is not. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const { type, anyOf, properties, items } = schema;
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(valueOf));
  if (type === 'integer') {
    const { minimum = 0, maximum = 1_000 } = schema;
    return fc.oneof(
      fc.integer({ min: Math.max(minimum, -10), max: Math.min(maximum, 5) }),
      fc.constantFrom(minimum, maximum),
    );
  }
  if (type === 'array') return fc.array(items === undefined ? nasty : valueOrNasty(items), { maxLength: 3 });
  if (type === 'object') return fc.record(mapValues(properties ?? {}, valueOrNasty), { requiredKeys: [] });
  return nasty;
}

function valueOrNasty(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 4, arbitrary: valueOf(schema) },
    { weight: 1, arbitrary: fc.oneof(nasty, fc.jsonValue({ maxDepth: 3 })) },
  );
}

function mapValues<T, U>(values: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

function requestOf(
  method: string,
  path: string,
  operation: Operation,
): fc.Arbitrary<InjectOptions & { readonly url: string }> {
  const parameters = fc.record(
    Object.fromEntries((operation.parameters ?? []).map(({ name, schema }) => [name, valueOrNasty(schema)])),
    {
      requiredKeys: (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name),
    },
  );
  const schema = operation.requestBody?.content['application/json']?.schema;
  const body =
    schema === undefined
      ? fc.constant(undefined)
      : fc.oneof(
          valueOrNasty(schema).map((value) => JSON.stringify(value)),
          nasty,
        );
  return fc.tuple(parameters, body).map(([values, payload]) => {
    const text = (value: unknown): string =>
      encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value));
    const url = path.replace(/\{(\w+)\}/g, (_all, name: string) => text(values[name]));
    const query = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'query' && parameter.name in values)
      .map(({ name }) => `${name}=${text(values[name])}`);
    return {
      method: method.toUpperCase() as 'GET',
      url: `${url}?${query.join('&')}`,
      ...(payload === undefined ? {} : { payload, headers: { 'content-type': 'application/json' } }),
    };
  });
}

eachDatabase('every endpoint of the OpenAPI document', (testDatabase) => {
  let database: Database;
  let api: TestApi;
  let paths: Record<string, Record<string, Operation>>;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await testDatabase.fresh());
    api = testApi(database, { CHAINPARSE_API_RATE_LIMIT: 'off' });
    for (const status of [0, 1, 2, 3]) await insertSilentTask(database, 10, { status });
    const document = await api.get('/openapi.json');
    paths = document['paths'] as typeof paths;
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  it('answers whatever it is sent with what the document announces, and never with a failure of its own', async function () {
    this.timeout(180_000);
    let calls = 0;
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        if (Object.values(operation.responses).some(({ content }) => 'text/event-stream' in (content ?? {}))) continue;
        const known = Object.keys(operation.responses).map(Number);
        const check = async (request: InjectOptions & { readonly url: string }): Promise<void> => {
          calls++;
          // Each comes from another address: what is limited is tested elsewhere.
          const answer = await api.send({ ...request, remoteAddress: `10.0.${calls >> 8}.${calls & 255}` });
          const { statusCode: status, body } = answer;
          const told = `${method} ${request.url} ${JSON.stringify(request.payload)}: ${status} ${body.slice(0, 300)} ${api.logged.at(-1) ?? ''}`;
          expect(status, told).not.to.equal(500);
          if (path !== '/readyz') expect(status, told).not.to.equal(503);
          expect([...known, 404, 405], told).to.include(status);
          const media = (text: unknown): string | undefined => String(text).split(';')[0];
          const announced = Object.keys(operation.responses[status]?.content ?? {}).map(media);
          if (announced.length > 0) expect(announced, told).to.include(media(answer.headers['content-type']));
          expect(answer.headers, told).not.to.have.property('x-evil');
          expect(body, told).not.to.match(/node_modules|SELECT |You have an error in your SQL|SQLITE_/);
          if (status >= 400 && path !== '/readyz') expect(answer.json(), told).to.include({ status });
        };
        await fc.assert(fc.asyncProperty(requestOf(method, path, operation), check), { numRuns: 25, seed: 20_240_115 });
      }
    }
    expect(calls).to.be.greaterThan(400);
  });
});
