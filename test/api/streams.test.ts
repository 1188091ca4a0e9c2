import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { EndpointStore } from '../../src/database/operations/endpoint-store.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { eventually } from '../support/within.js';
import { testApi, type TestApi } from './api-fixture.js';

/** A client of a stream. */
class Listener {
  text = '';
  isOver = false;
  readonly response: IncomingMessage;

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    response.on('close', () => (this.isOver = true));
    response.on('error', () => undefined);
  }

  static async open(port: number, headers: Record<string, string> = {}): Promise<Listener> {
    const path = '/api/v1/live';
    return new Listener(
      await new Promise((resolve, reject) => {
        get({ host: '127.0.0.1', port, path, headers, agent: false }, resolve).on('error', reject);
      }),
    );
  }

  get lastId(): string {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  }
}

describe('the stream of tasks', () => {
  let database: Database;
  let api: TestApi;
  let port: number;
  const listeners: Listener[] = [];
  const listen = async (headers?: Record<string, string>): Promise<Listener> => {
    const listener = await Listener.open(port, headers);
    listeners.push(listener);
    return listener;
  };

  beforeEach(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    api = testApi(database);
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    ({ port } = api.app.server.address() as AddressInfo);
  });
  afterEach(async () => {
    for (const { response } of listeners.splice(0)) response.destroy();
    await api.app.close();
    await database.close();
  });

  it('tells the tasks that are there, then what changes, and goes on where a connection broke', async () => {
    // Ended tasks are shown where they are the newest of their pipelines.
    await database.write([database.knex('pipeline').insert({ id: 45, name: 'transfers' })]);
    const id = await insertSilentTask(database, 10);
    const first = await listen();
    await eventually('what is there comes', () => first.text.includes(`"task_id":${id},`));
    expect(first.text).to.contain(`"task_id":${id},"pipeline_id":45,"status":0,"status_text":"正在运行"`);
    await api.post(`/api/v1/pipeline/task/${id}/cancel`);
    await eventually('the end of the task comes', () => first.text.includes('"end_reason":"stopped"'));
    first.response.destroy();
    const second = await listen({ 'last-event-id': first.lastId });
    const other = await insertSilentTask(database, 5);
    await eventually('the new task comes', () => second.text.includes(`"task_id":${other},`));
    expect(second.text).not.to.contain('event: all');
  });

  it('tells how endpoints are, once each, and that nobody asks them any more', async () => {
    const store = new EndpointStore(database);
    const status = {
      ...{ name: 'rpc.example', headMs: 12, logsMs: null, errorRate: 0, inFlight: 0, maxInFlight: null },
      ...{ maxPerSecond: null, newestBlock: 7, requests: 9, failures: 1, lastError: 'HTTP 500', lastErrorSeconds: 3 },
    };
    const sessions = ['a', 'b'].map((session) => ({
      session,
      chainId: 1,
      worker: { name: `host-${session}:1`, identity: null },
    }));
    await store.report(sessions[0]!, [{ ...status, state: 'healthy' }]);
    await store.report(sessions[1]!, [{ ...status, state: 'failing' }]);
    const first = await listen();
    const told =
      '"chain":"ethereum","endpoint":"rpc.example","state":"failing","stale_since":null,"reports":2,"alike":1';
    await eventually('the endpoint comes', () => first.text.includes(`"endpoint:1/rpc.example":{${told},`));
    for (const session of sessions) await store.end(session);
    await eventually('it goes', () => first.text.includes('"drop":["endpoint:1/rpc.example"]'));
  });

  it('takes so many clients of one address, and no more', async () => {
    for (let i = 0; i < 50; i++) expect((await listen()).response.statusCode).to.equal(200);
    const refused = await listen();
    expect(refused.response.statusCode).to.equal(503);
    expect(refused.response.headers).to.include({ 'retry-after': '10', 'content-type': 'application/problem+json' });
    for (let i = 0; i < 3; i++) expect((await listen()).response.statusCode).to.equal(503);
    // Who is refused comes again, and must not fill the log.
    expect(api.logged.filter((line) => line.includes('too many streams'))).to.have.length(1);
    listeners[0]?.response.destroy();
    await eventually('a place is free', async () => {
      const next = await listen();
      return next.response.statusCode === 200;
    });
  });

  it('ends with the server', async () => {
    const listener = await listen();
    await eventually('the snapshot comes', () => listener.text.includes('event: all\n'));
    await api.app.close();
    await eventually('the stream is over', () => listener.isOver);
  });
});
