import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testApi, type TestApi } from './api-fixture.js';

describe('the API about itself', () => {
  let database: Database;
  let api: TestApi;

  before(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    api = testApi(database);
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  it('describes every route in the OpenAPI document, and refers to nothing that is not in it', async () => {
    const answer = await api.send('/openapi.json');
    const document = answer.json<{ openapi: string; paths: object; components: { schemas: object } }>();
    expect(document.openapi).to.equal('3.1.0');
    expect(Object.keys(document.paths)).to.have.members([...new Set(api.routes.map(({ path }) => path))]);
    const names = [...answer.body.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(Object.keys(document.components.schemas)).to.include.members(names);
    expect(answer.body).not.to.match(/\$defs/);
  });

  it('announces each status with the answer that it comes with', async () => {
    interface Operation {
      readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
    }
    const { paths } = (await api.send('/openapi.json')).json<{
      readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    }>();
    const readiness = await api.send('/readyz');
    for (const status of ['200', '503']) {
      const { description, content } = paths['/readyz']?.['get']?.responses[status] ?? {};
      expect(Object.keys(content ?? {})).to.deep.equal(['application/json']);
      expect(description).to.equal(status === '200' ? 'done' : 'the database is away, or something is not in order');
    }
    expect(readiness.headers['content-type']).to.match(/^application\/json;/);
    expect(paths['/api/v1/pipeline/transform/preview']?.['post']?.responses).to.include.keys('403', '502');
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { responses }] of Object.entries(operations)) {
        expect(responses, path).to.include.keys('421');
        if (method !== 'get') expect(responses, path).to.include.keys('403');
      }
    }
  });

  it('shows the same to people, without a script, a style or a file from elsewhere', async () => {
    const page = await api.send('/docs');
    expect(page.headers['content-type']).to.equal('text/html; charset=utf-8');
    for (const { path } of api.routes) expect(page.body).to.contain(`<code>${path}</code>`);
    expect(page.body).not.to.match(/<script|style=|https?:\/\//);
    // A proxy may have put it behind a prefix.
    expect([...page.body.matchAll(/ href="([^"]*)"/g)].map(([, to]) => to)).to.deep.equal([
      'docs/style.css',
      'openapi.json',
    ]);
    expect((await api.send('/docs/style.css')).headers['content-type']).to.equal('text/css; charset=utf-8');
  });

  it('tells Prometheus its metrics', async () => {
    const { headers, body } = await api.send('/metrics');
    expect(headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
    expect(body).to.match(/^chainparse_tasks\{status="running"\} 0$/m);
  });
});
