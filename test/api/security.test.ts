import { expect } from 'chai';
import type { LightMyRequestResponse } from 'fastify';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { mock } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Database } from '../../src/database/database.js';
import { AuditStore } from '../../src/database/operations/audit-store.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectProblem, testApi, type TestApi } from './api-fixture.js';

const tasks = '/api/v1/pipeline/tasks';
const cancel = '/api/v1/pipeline/task/1/cancel';
const classification = '/api/v1/pipeline/classification';
const tokens = { CHAINPARSE_API_TOKEN: 'write-token-of-the-test', CHAINPARSE_API_READ_TOKEN: 'read-token-of-the-test' };

describe("the API's guards", () => {
  let database: Database;
  const opened: TestApi[] = [];
  const open = (...parameters: Parameters<typeof testApi> extends [unknown, ...infer R] ? R : never): TestApi => {
    const api = testApi(database, ...parameters);
    opened.push(api);
    return api;
  };

  before(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
  });
  afterEach(async () => {
    mock.restoreAll();
    for (const { app } of opened.splice(0)) await app.close();
  });
  after(() => database.close());

  describe('with tokens', () => {
    const as = (api: TestApi, authorization: string | undefined, url = tasks, method: 'GET' | 'POST' = 'GET') =>
      api.send({ url, method, ...(authorization === undefined ? {} : { headers: { authorization } }) });

    it('want one everywhere but on /healthz', async () => {
      const api = open(tokens);
      for (const url of [tasks, '/readyz', '/metrics', '/openapi.json', '/docs', '/nothing', '/', '/api/v1/stream']) {
        const answer = await as(api, undefined, url);
        expectProblem(answer, 401);
        expect(answer.headers['www-authenticate']).to.match(/^Bearer realm="chainparse"/);
      }
      expect((await as(api, undefined, '/healthz')).statusCode).to.equal(200);
    });

    it('tell those who may read from those who may change', async () => {
      const api = open(tokens);
      for (const token of Object.values(tokens)) {
        expect((await as(api, `Bearer ${token}`)).statusCode).to.equal(200);
        expect((await as(api, `bearer  ${token} `)).statusCode).to.equal(200);
      }
      expectProblem(await as(api, `Bearer ${tokens.CHAINPARSE_API_READ_TOKEN}`, cancel, 'POST'), 403);
      expectProblem(await as(api, `Bearer ${tokens.CHAINPARSE_API_TOKEN}`, cancel, 'POST'), 404);
    });

    it('take the token as the password that a browser asks for', async () => {
      const api = open(tokens);
      const basic = (password: string): string => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;
      expect((await as(api, basic(tokens.CHAINPARSE_API_TOKEN))).statusCode).to.equal(200);
      expectProblem(await as(api, basic('wrong')), 401);
      const alone = Buffer.from(tokens.CHAINPARSE_API_TOKEN).toString('base64');
      expectProblem(await as(api, `Basic ${alone}`), 401);
    });

    it('take nothing that is not exactly the token', async () => {
      const api = open(tokens);
      const token = tokens.CHAINPARSE_API_TOKEN;
      const wrong = [
        '',
        token,
        `Bearer ${token}x`,
        `Bearer ${token.slice(1)}`,
        `Bearer ${token.toUpperCase()}`,
        'Bearer ',
        `Token ${token}`,
        `Bearer ${token} ${token}`,
      ];
      for (const header of wrong) expectProblem(await as(api, header), 401);
      expectProblem(await api.send(`${tasks}?token=${token}&access_token=${token}`), 401);
    });

    it('say to each caller what it may do', async () => {
      const api = open(tokens);
      const caller = async (token: string): Promise<unknown> =>
        (await as(api, `Bearer ${token}`, '/api/v1/caller')).json();
      expect(await caller(tokens.CHAINPARSE_API_READ_TOKEN)).to.deep.equal({ right: 'read-token', may_change: false });
      expect(await caller(tokens.CHAINPARSE_API_TOKEN)).to.deep.equal({ right: 'token', may_change: true });
      expectProblem(await as(api, undefined, '/api/v1/caller'), 401);
      expect(await open().get('/api/v1/caller')).to.deep.equal({ right: 'anyone', may_change: true });
    });

    it('let nobody change anything where only a read token is set', async () => {
      const api = open({ CHAINPARSE_API_READ_TOKEN: tokens.CHAINPARSE_API_READ_TOKEN });
      expectProblem(await as(api, `Bearer ${tokens.CHAINPARSE_API_READ_TOKEN}`, cancel, 'POST'), 403);
      expectProblem(await as(api, 'Bearer ', cancel, 'POST'), 401);
    });
  });

  it('answer on this computer by its own names only', async () => {
    const api = open();
    for (const host of [
      'evil.example',
      'evil.example:8000',
      '127.0.0.1.evil.example',
      '10.0.0.1',
      'localhost.evil.example',
    ])
      expectProblem(await api.send({ url: '/healthz', headers: { host } }), 421);
    for (const host of ['localhost', 'localhost:8000', '127.0.0.1:1', '[::1]:8000', 'LOCALHOST'])
      expect((await api.send({ url: '/healthz', headers: { host } })).statusCode).to.equal(200);
    const open_ = open({ CHAINPARSE_API_HOST: '0.0.0.0', ...tokens });
    expect((await open_.send({ url: '/healthz', headers: { host: 'chainparse.example' } })).statusCode).to.equal(200);
  });

  it('let no page of another site change anything', async () => {
    const api = open();
    const by = (headers: Record<string, string>): Promise<LightMyRequestResponse> =>
      api.send({ url: cancel, method: 'POST', headers });
    for (const origin of ['https://evil.example', 'null', 'http://localhost:9999', 'garbage'])
      expectProblem(await by({ origin }), 403);
    expectProblem(await by({ 'sec-fetch-site': 'cross-site' }), 403);
    for (const site of ['cross-site', 'same-site', 'none'])
      expectProblem(await by({ origin: 'https://evil.example', 'sec-fetch-site': site }), 403);
    expectProblem(await by({ origin: 'http://localhost:8000', 'sec-fetch-site': 'same-origin' }), 404);
    // A proxy has put its own host into the call.
    expectProblem(await by({ origin: 'https://proxy.example', 'sec-fetch-site': 'same-origin' }), 404);
  });

  it('refuse a request with two Host headers', async () => {
    const { app } = open();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const statusOf = async (lines: readonly string[]): Promise<string> => {
      const socket = connect(port, '127.0.0.1');
      socket.end(['GET /healthz HTTP/1.1', ...lines, 'Connection: close', '', ''].join('\r\n'));
      return (await text(socket)).slice(0, 12);
    };
    expect(await statusOf(['Host: localhost'])).to.equal('HTTP/1.1 200');
    expect(await statusOf(['Host: localhost', 'X: host', 'HOST: evil.example'])).to.equal('HTTP/1.1 400');
  });

  it('put headers on every answer that leave a browser nothing from elsewhere', async () => {
    const api = open();
    for (const url of ['/healthz', tasks, '/nothing']) {
      const { headers } = await api.send({ url, headers: { origin: 'https://evil.example' } });
      expect(headers['content-security-policy']).to.match(/default-src 'self'/);
      expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
      expect(headers).not.to.have.property('access-control-allow-origin');
      expect(headers).not.to.have.property('x-powered-by');
    }
  });

  it('limit how often one address may call in a minute, but for /healthz', async () => {
    // The library reads the time itself.
    const now = mock.method(Date, 'now');
    const startedAt = Date.now();
    now.mock.mockImplementation(() => startedAt);
    const api = open({ CHAINPARSE_API_RATE_LIMIT: '3' });
    for (let i = 0; i < 3; i++) expect((await api.send(tasks)).statusCode).to.equal(200);
    const refused = await api.send(tasks);
    expectProblem(refused, 429);
    expect(refused.headers['retry-after']).to.equal('60');
    expect((await api.send('/healthz')).statusCode).to.equal(200);
    expect((await api.send({ url: tasks, remoteAddress: '10.1.1.1' })).statusCode).to.equal(200);
    now.mock.mockImplementation(() => startedAt + 60_000);
    expect((await api.send(tasks)).statusCode).to.equal(200);
  });

  it('limit calls that change something more tightly', async () => {
    const api = open({ CHAINPARSE_API_RATE_LIMIT: 'off' });
    for (let i = 0; i < 600; i++)
      expect((await api.send({ url: '/nothing', method: 'POST' })).statusCode).to.equal(404);
    expectProblem(await api.send({ url: '/nothing', method: 'POST' }), 429);
  });

  it('read no body of more than 1 MiB, of another type, or that is no JSON', async () => {
    const api = open();
    const send = (payload: string, type = 'application/json'): Promise<LightMyRequestResponse> =>
      api.send({ url: cancel, method: 'POST', payload, headers: { 'content-type': type } });
    expectProblem(await send(`"${'x'.repeat(1024 * 1024)}"`), 413);
    expectProblem(await send('<a/>', 'text/xml'), 415);
    expectProblem(await send('a=b', 'application/x-www-form-urlencoded'), 415);
    expectProblem(await send('x', 'text/plain'), 415);
  });

  it('read no body that is not in UTF-8, for what they would keep of it is another text', async () => {
    const api = open();
    const send = (
      payload: string | Buffer,
      type: string,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<LightMyRequestResponse> =>
      api.send({ url: classification, method: 'POST', payload, headers: { 'content-type': type, ...headers } });
    const body = (name: string): string => JSON.stringify({ name });
    for (const payload of [
      Buffer.from(body('caf\u00e9'), 'latin1'),
      Buffer.from(body('\u00d7\u00aa\u00d5\u00cb'), 'latin1'),
    ]) {
      const { errors } = expectProblem(await send(payload, 'application/json'), 400);
      expect(errors).to.deep.equal([{ path: 'body', message: 'is not text in UTF-8' }]);
      const config = { url: '/api/v1/pipeline/config', method: 'POST', payload } as const;
      expectProblem(await api.send({ ...config, headers: { 'content-type': 'application/yaml' } }), 400);
    }
    for (const charset of ['gbk', '"iso-8859-1"', 'utf-16le'])
      expectProblem(await send(body('x'), `application/json; charset=${charset}`), 415);
    for (const coding of ['gzip', 'identity, br']) {
      const refused = await send(gzipSync(body('x')), 'application/json', { 'content-encoding': coding });
      expectProblem(refused, 415);
      expect(refused.headers).to.include({ 'accept-encoding': 'identity' });
    }
    const taken = [
      'application/json; charset=UTF-8',
      'application/json;charset="utf8"',
      'application/json; charset=us-ascii',
    ];
    for (const type of taken) {
      const answer = await send(`\ufeff${body('转账')}`, type, { 'content-encoding': 'identity' });
      expect(answer.statusCode, `${type}: ${answer.body}`).to.equal(201);
      expect(answer.json()).to.include({ name: '转账' });
    }
  });

  it('read no body that is nested more than 64 levels deep', async () => {
    const api = open({ CHAINPARSE_API_OLDER_CLIENTS: 'on' });
    const send = (url: string, payload: string): Promise<LightMyRequestResponse> =>
      api.send({
        url: `/api/v1/pipeline/${url}`,
        method: 'POST',
        payload,
        headers: { 'content-type': 'application/json' },
      });
    const nested = (levels: number, inside = ''): string => `${'['.repeat(levels)}${inside}${']'.repeat(levels)}`;
    const value = (levels: number, inside?: string): string =>
      `{"transformer":"to_string","source_value":${nested(levels, inside)}}`;
    expect((await send('transform/preview', value(63))).statusCode).to.equal(200);
    for (const [levels, inside] of [[64], [20_000], [20_000, '9007199254740993'], [500_000]] as const) {
      const { errors } = expectProblem(await send('transform/preview', value(levels, inside)), 400);
      expect(errors).to.deep.equal([{ path: 'body', message: 'is nested more than 64 levels deep' }]);
    }
    expectProblem(await send('config', `{"pipeline_id":45,"pipeline_info":${nested(20_000)}}`), 400);
  });

  it('read no body of more than 10,000 values, as JSON or as YAML, and none with a number of more than 1,000 digits', async () => {
    const api = open();
    const send = (url: string, payload: string): Promise<LightMyRequestResponse> =>
      api.send({
        url: `/api/v1/pipeline/${url}`,
        method: 'POST',
        payload,
        headers: { 'content-type': 'application/json' },
      });
    const value = (text: string): string => `{"transformer":"to_string","source_value":${text}}`;
    const list = (items: number): string => `[${'1,'.repeat(items - 1)}1]`;
    expect((await send('transform/preview', value(list(9_990)))).statusCode).to.equal(200);
    expect((await send('transform/preview', value('7'.repeat(1_000)))).statusCode).to.equal(200);
    for (const [text, message] of [
      [list(10_000), 'holds more than 10000 values'],
      ['7'.repeat(1_001), `${'7'.repeat(30)}… is a number of more than 1000 digits`],
    ] as const) {
      const { errors } = expectProblem(await send('transform/preview', value(text)), 400);
      expect(errors).to.deep.equal([{ path: 'body', message }]);
    }
    const keys = Array.from({ length: 60_000 }, (_, n) => `adres${n}`);
    const asJson = JSON.stringify(Object.fromEntries(keys.map((key) => [key, 1])));
    for (const text of [asJson, keys.map((key) => `${key}: 1`).join('\n')]) {
      const { detail } = expectProblem(await send('config', text), 400);
      expect(detail).to.equal('body:1: more than 10000 keys and values');
    }
  });

  it('refuse to every call that takes no body one that says something, and change nothing', async () => {
    const api = open();
    const takingNone = api.routes.filter(({ method, body }) => method === 'POST' && body === undefined);
    const paths = takingNone.map(({ path }) => path.replace('{id}', '1').replace('{sink}', 'rows'));
    expect(paths).to.include.members(['/api/v1/pipeline/1/start', '/api/v1/pipeline/1/stop', '/api/v1/alerts/clear']);
    const document = await api.get('/openapi.json');
    const noted = await new AuditStore(database).list({ limit: 100 });
    const send = (url: string, payload: string): Promise<LightMyRequestResponse> =>
      api.send({ url, method: 'POST', payload, headers: { 'content-type': 'application/json' } });
    for (const [index, url] of paths.entries()) {
      const refused = expectProblem(await send(url, '{"mode":"historical","from_block":100}'), 400);
      const message = 'is unknown: this call takes none';
      const errors = ['mode', 'from_block'].map((key) => ({ path: `body.${key}`, message }));
      expect(refused['errors'], url).to.deep.equal(errors);
      for (const payload of ['{bad', '[1]', '"x"', '1']) expectProblem(await send(url, payload), 400);
      expect(document, url).not.to.have.nested.property(
        `paths.${takingNone[index]?.path.replaceAll('.', '\\.')}.post.requestBody`,
      );
    }
    expect(await new AuditStore(database).list({ limit: 100 })).to.deep.equal(noted);
  });

  it('take no body, an empty one and an empty mapping for the same where a call takes none', async () => {
    const api = open();
    const clear = { url: '/api/v1/alerts/clear', method: 'POST' } as const;
    expect((await api.send(clear)).statusCode).to.equal(200);
    for (const type of ['application/json', 'application/json; charset=utf-8']) {
      for (const payload of ['', ' ', '{}', 'null'])
        expect((await api.send({ ...clear, payload, headers: { 'content-type': type } })).statusCode).to.equal(200);
    }
    // As curl sends `-d ''`.
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' };
    expect((await api.send({ ...clear, payload: '', headers })).statusCode).to.equal(200);
    expectProblem(await api.send({ ...clear, payload: 'a=b', headers: { ...headers, 'content-length': '3' } }), 415);
  });

  it('tell which methods a path takes', async () => {
    const api = open();
    const answer = await api.send({ url: '/api/v1/alerts', method: 'DELETE' });
    expectProblem(answer, 405);
    expect(answer.headers['allow']).to.equal('GET, HEAD');
    expect(await api.send({ url: '/api/v1/alerts', method: 'HEAD' })).to.have.property('statusCode', 200);
    for (const [path, allow] of [
      ['pipeline/tasks', 'GET, HEAD'],
      ['pipeline/classification', 'GET, HEAD, POST'],
      ['pipeline/45', 'PUT, DELETE'],
      ['pipeline/no-id', 'PUT, DELETE'],
      // A stream has no answer without its body.
      ['live', 'GET'],
    ] as const) {
      const { headers } = await api.send({ url: `/api/v1/${path}`, method: 'PATCH' });
      expect(headers['allow'], path).to.equal(allow);
    }
    expectProblem(await api.send({ url: '/nothing', method: 'DELETE' }), 404);
    // Where a pipeline's id may stand the name of another path is none.
    for (const [path, method, allow] of [
      ['pipeline/tasks', 'DELETE', 'GET, HEAD'],
      ['pipeline/tasks', 'PUT', 'GET, HEAD'],
      ['pipeline/config', 'DELETE', 'GET, HEAD, POST'],
      ['pipeline/start', 'PUT', 'POST'],
    ] as const) {
      const refused = await api.send({ url: `/api/v1/${path}`, method });
      expectProblem(refused, 405);
      expect(refused.headers['allow'], `${method} ${path}`).to.equal(allow);
    }
    expectProblem(await api.send({ url: '/api/v1/pipeline/no-id', method: 'DELETE' }), 400);
    const kept = open({ CHAINPARSE_API_TOKEN: 'a-token-of-its-own' });
    expectProblem(await kept.send({ url: '/api/v1/pipeline/tasks', method: 'DELETE' }), 401);
  });

  it('tell no secret and no stack where something fails', async () => {
    const broken = {
      ...database,
      dialect: database.dialect,
      knex: database.knex,
      read: () => Promise.reject(new Error('secret of mysql://u:p4ssw0rd@h/d')),
    };
    const api = open({}, { database: broken as unknown as Database });
    const problem = expectProblem(await api.send(tasks), 500);
    expect(problem['detail']).to.equal('something failed: see the log');
    expect(JSON.stringify(problem)).not.to.match(/secret|p4ssw0rd/);
  });

  it('survive what is no path', async () => {
    const api = open();
    const paths = [
      '/%',
      '/%00',
      '/..%2f..%2fetc/passwd',
      `/${'a'.repeat(9_000)}`,
      '//',
      '/api/v1/pipeline/task/%ff',
      `/api/v1/pipeline/task/${'1'.repeat(200)}`,
      '/api/v1/pipeline/task/1%27%20OR%201=1',
    ];
    for (const url of paths) expect((await api.send({ url })).statusCode, url).to.be.within(400, 499);
  });
});
