import type { FastifyInstance, InjectOptions } from 'fastify';
import type { LightMyRequestResponse } from 'fastify';
import { expect } from 'chai';
import type { ApiParts } from '../../src/api/api-parts.js';
import { apiRoutes } from '../../src/api/server/api-routes.js';
import { createServer } from '../../src/api/server/create-server.js';
import { LiveState } from '../../src/api/live/live-state.js';
import type { Route } from '../../src/api/route.js';
import { AuditStore } from '../../src/database/operations/audit-store.js';
import type { Database } from '../../src/database/database.js';
import { KnexDatabase } from '../../src/database/open/knex-database.js';
import { systemClock } from '../../src/runtime/clock.js';
import { SecretMask } from '../../src/runtime/secrets.js';
import { loadSettings } from '../../src/settings/settings.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** The API on a database, without a network. */
export interface TestApi {
  readonly app: FastifyInstance;
  readonly parts: ApiParts;
  readonly routes: readonly Route[];
  readonly logged: string[];
  /** Sends a request, by the name localhost where none is given. */
  send(options: InjectOptions | string): Promise<LightMyRequestResponse>;
  /** Gets what must be found; returns the JSON, which must be as the route's schema says. */
  get(url: string): Promise<Record<string, unknown>>;
  /** Sends JSON. */
  post(url: string, body?: unknown, method?: 'POST' | 'PUT' | 'DELETE'): Promise<LightMyRequestResponse>;
}

/** The same database, which says of itself that it is read-only. */
export function asReadOnly({ driver, label, timezone }: Database): Database {
  const isReadOnly = (): Promise<boolean> => Promise.resolve(true);
  return new KnexDatabase({ driver: { ...driver, isReadOnly }, label, timezone, clock: systemClock });
}

/** Makes the API with settings of the environment. */
export function testApi(
  database: Database,
  env: Readonly<Record<string, string>> = {},
  changes: Partial<ApiParts> = {},
): TestApi {
  const secrets = new SecretMask();
  const cwd = temporaryFolder();
  const { settings } = loadSettings({ flags: {}, env, cwd, secrets });
  const logged: string[] = [];
  const stopping = new AbortController();
  const parts: ApiParts = {
    ...{ database, settings, secrets, cwd, clock: systemClock, version: '1.2.3' },
    logger: { log: (_level, message) => void logged.push(message) },
    stopping: stopping.signal,
    ...changes,
  };
  const routes = apiRoutes(parts, new LiveState(parts));
  const app = createServer(parts, new AuditStore(database), routes);
  app.addHook('onClose', () => stopping.abort(new Error('closed')));
  const send: TestApi['send'] = async (options) => {
    const request = typeof options === 'string' ? { url: options } : options;
    return app.inject({ ...request, headers: { host: 'localhost:8000', ...request.headers } });
  };
  return {
    ...{ app, parts, routes, logged, send },
    get: async (url) => {
      const answer = await send(url);
      expect(answer.statusCode, `${url}: ${answer.body}`).to.be.within(200, 299);
      expectSchema(routes, 'GET', url, answer);
      return answer.json();
    },
    post: (url, body, method = 'POST') =>
      send({
        ...{ url, method },
        ...(body === undefined
          ? {}
          : { payload: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
  };
}

/** Checks that an answer is as the schema of its route says, and its keys in that order. */
export function expectSchema(
  routes: readonly Route[],
  method: string,
  url: string,
  answer: LightMyRequestResponse,
): void {
  const path = url.split('?', 1)[0] ?? '';
  const fits = (route: Route): boolean =>
    route.method === method && new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
  const found = routes.filter(fits).sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
  expect(found, `a route for ${method} ${path}`).not.to.equal(undefined);
  if (found === undefined || !('schema' in found.answer)) return;
  const value: unknown = answer.json();
  const result = found.answer.schema.safeParse(value);
  expect(result.error?.issues, `${method} ${url}`).to.equal(undefined);
  // Zod gives keys in the order of the schema.
  expect(JSON.stringify(value)).to.equal(JSON.stringify(result.data));
}

/** Checks that an answer is a problem; returns it. */
export function expectProblem(answer: LightMyRequestResponse, status: number): Record<string, unknown> {
  expect(answer.statusCode, answer.body).to.equal(status);
  expect(answer.headers['content-type']).to.equal('application/problem+json');
  const problem: Record<string, unknown> = answer.json();
  expect(problem).to.include({ status });
  expect(problem).to.include.keys('type', 'title', 'detail', 'code');
  if (status === 400) expect(problem['errors'], answer.body).to.be.an('array').that.is.not.empty;
  expect(answer.body).not.to.match(/node_modules|\.ts:|\.js:|    at /);
  return problem;
}
