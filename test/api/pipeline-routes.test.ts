import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { expectProblem, expectSchema, testApi, type TestApi } from './api-fixture.js';

const base = '/api/v1/pipeline';

/** A definition as people send it. */
function definition(changes: object = {}): object {
  return {
    id: 45,
    name: 'transfers',
    classification_id: 1,
    components: [
      {
        name: 'transfers',
        type: 'event_monitor',
        chain_name: 'ethereum',
        contract_address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
        abi_path: 'builtin:erc20',
        events_to_monitor: ['Transfer'],
        mode: 'historical',
        start_block: 1,
        end_block: 9,
      },
    ],
    ...changes,
  };
}

const withAbiPath = (abiPath: string): object => {
  const { components } = definition() as { components: object[] };
  return definition({ components: [{ ...components[0], abi_path: abiPath }] });
};

eachDatabase('the API about pipelines', (testDatabase) => {
  let database: Database;
  let api: TestApi;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await testDatabase.fresh());
    api = testApi(database);
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  it('stores a definition, once', async () => {
    const answer = await api.post(`${base}/config`, definition());
    expect(answer.statusCode, answer.body).to.equal(201);
    expect(answer.json()).to.deep.equal({ pipeline_id: 45, name: 'transfers' });
    expectSchema(api.routes, 'POST', `${base}/config`, answer);
    expectProblem(await api.post(`${base}/config`, definition()), 409);
    const alike = expectProblem(await api.post(`${base}/config`, definition({ name: 'Transfers', id: 99 })), 409);
    expect(alike['detail']).to.contain("pipeline 45 is named 'transfers' already");
    expectProblem(await api.post(`${base}/config`, definition({ name: '45', id: 99 })), 400);
  });

  it('says what is wanted of a pipeline, again and again', async () => {
    for (const wish of ['start', 'start', 'restart', 'stop']) {
      const answer = await api.post(`${base}/45/${wish}`);
      expect(answer.statusCode, answer.body).to.equal(200);
      expectSchema(api.routes, 'POST', `${base}/{id}/${wish}`, answer);
      const state = wish === 'stop' ? 'stopped' : 'started';
      expect(answer.json<{ wanted: object }>().wanted).to.include({ state });
      const { pipelines } = (await api.get(`${base}/list`)) as { pipelines: { wanted: object }[] };
      expect(pipelines[0]?.wanted).to.include({ state });
    }
    expectProblem(await api.post(`${base}/99/start`), 404);
    await database.write([database.knex('pipeline').where({ id: 45 }).update({ disabled: 1 })]);
    expectProblem(await api.post(`${base}/45/start`), 409);
    await database.write([
      database.knex('pipeline').where({ id: 45 }).update({ disabled: 0 }),
      database.knex('pipeline_task').delete(),
    ]);
  });

  it('gives a definition without an id one, and reads YAML, too', async () => {
    const rest = definition({ name: 'second', id: undefined });
    const yaml = await api.send({
      url: `${base}/config`,
      method: 'POST',
      payload: JSON.stringify(rest),
      headers: { 'content-type': 'application/yaml' },
    });
    expect(yaml.statusCode, yaml.body).to.equal(201);
    expect(yaml.json<{ pipeline_id: number }>().pipeline_id).to.equal(46);
  });

  it('says what is wrong with a definition, with key and line', async () => {
    const problem = expectProblem(await api.post(`${base}/config`, { nam: 'x', components: [] }), 400);
    expect(problem['detail']).to.match(/^body:1: .*nam/);
    expect(problem['errors']).to.deep.equal([
      { path: 'body:1: nam', message: 'unknown key; the nearest known key is name' },
      { path: 'body:1: components', message: 'must list at least one component, the source first' },
    ]);
    expectProblem(await api.post(`${base}/config`), 400);
    expectProblem(await api.post(`${base}/config`, 'x'), 400);
  });

  it('refuses a name that no database could keep as it is', async () => {
    const problem = expectProblem(await api.post(`${base}/config`, definition({ name: 'lone \ud800' })), 400);
    expect(problem['errors']).to.deep.equal([
      { path: 'body:1: name', message: 'must be well-formed Unicode: it has half of a character' },
    ]);
    expectProblem(await api.post(`${base}/classification`, { name: 'lone \ud800' }), 400);
  });

  it('reads no file that a definition names', async () => {
    const file = join(api.parts.cwd, 'secret.json');
    writeFileSync(file, '[]');
    for (const path of [
      file,
      'secret.json',
      './secret.json',
      '/etc/passwd',
      '../../../etc/passwd',
      'file:///etc/passwd',
    ]) {
      const problem = expectProblem(await api.post(`${base}/config`, withAbiPath(path)), 400);
      expect(problem['detail']).to.match(/which a definition that comes over the network can't name/);
    }
    expectProblem(await api.post(`${base}/config`, withAbiPath('abi_id:77')), 400);
  });

  it('lists them with their newest task, but for one that lives', async () => {
    await insertSilentTask(database, 10, { status: 2 });
    const id = await insertSilentTask(database, 10, { status: 3 });
    const { pipelines, total } = (await api.get(`${base}/list`)) as {
      pipelines: Record<string, unknown>[];
      total: number;
    };
    expect(total).to.equal(2);
    expect(pipelines[0]).to.include({ pipeline_id: 45, name: 'transfers', classification_id: 1, disabled: false });
    expect(pipelines[0]!['latest_task']).to.include({ task_id: id, status_name: 'queued' });
    expect(pipelines[1]).to.include({ pipeline_id: 46, latest_task: null });
    expect(await api.get(`${base}/45/latest-task`)).to.include({ task_id: id });
    const living = await insertSilentTask(database, 10);
    await insertSilentTask(database, 0, { status: 3 });
    expect(await api.get(`${base}/45/latest-task`)).to.include({ task_id: living });
    const { pipelines: later } = (await api.get(`${base}/list`)) as { pipelines: Record<string, unknown>[] };
    expect(later[0]!['latest_task']).to.include({ task_id: living, status_name: 'running' });
    await database.write([database.knex('pipeline_task').where({ id: living }).update({ status: 2 })]);
    expectProblem(await api.send(`${base}/46/latest-task`), 404);
    expectProblem(await api.send(`${base}/47/latest-task`), 404);
  });

  it('shows definitions', async () => {
    expect(await api.get(`${base}/config`)).to.include({ total: 2 });
    const pipeline = await api.get(`${base}/config/45`);
    expect(pipeline).to.include({ pipeline_id: 45, name: 'transfers', disabled: false });
    expect((pipeline['components'] as object[])[0]).to.include({ type: 'event_monitor', chain_name: 'ethereum' });
    expectProblem(await api.send(`${base}/config/47`), 404);
  });

  it('replaces a definition', async () => {
    const answer = await api.post(`${base}/45`, definition({ name: 'renamed' }), 'PUT');
    expect(answer.json(), answer.body).to.deep.equal({ pipeline_id: 45, name: 'renamed' });
    expect(await api.get(`${base}/config/45`)).to.include({ name: 'renamed' });
    expectProblem(await api.post(`${base}/46`, definition(), 'PUT'), 400);
    expectProblem(await api.post(`${base}/47`, definition({ id: undefined }), 'PUT'), 404);
  });

  it('warns where a sink that has delivered gets other events by a replacement', async () => {
    const hook = { name: 'hook', type: 'webhook_sink', url: 'https://hook.example/', event_name: ['Transfer'] };
    const withHook = (sink: object) => {
      const { components, ...others } = definition() as { components: readonly object[] };
      return { ...others, id: 49, name: 'hooked', components: [...components, sink] };
    };
    expect((await api.post(`${base}/config`, withHook(hook))).statusCode).to.equal(201);
    const stored = { pipeline_id: 49, name: 'hooked' };
    const sink = { pipeline_id: 49, name: 'hook', type: 'webhook_sink', place: '[]', epoch: 'e' };
    await database.knex('pipeline_sink').insert(sink);
    const replace = (sent: object) => api.post(`${base}/49`, withHook(sent), 'PUT');
    expect((await replace(hook)).json()).to.deep.equal(stored);
    const answer = await replace({ ...hook, event_name: ['Approval'] });
    expectSchema(api.routes, 'PUT', `${base}/{id}`, answer);
    expect(answer.json()).to.deep.equal({
      ...stored,
      warnings: [
        {
          message: 'sink hook delivers other events than before; what it has delivered stays',
          hint: 'chainparse sink replay 49 hook --from-block 0',
        },
      ],
    });
    expect((await api.post(`${base}/49`, undefined, 'DELETE')).statusCode).to.equal(200);
  });

  it('previews what logs would become', async () => {
    const topic = (byte: string): string => `0x${byte.repeat(32)}`;
    const transfer = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
    const log = {
      address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
      topics: [transfer, topic('00'), topic('00')],
      data: topic('00'),
    };
    const logs = [log, { ...log, topics: [] }, { ...log, address: `0x${'11'.repeat(20)}` }, { ...log, data: '0x' }];
    const answer = await api.post(`${base}/transform/preview`, { pipeline_id: 45, logs });
    expectSchema(api.routes, 'POST', `${base}/transform/preview`, answer);
    const zero = '0x0000000000000000000000000000000000000000';
    expect(answer.json()).to.deep.equal({
      ...{ pipeline_id: 45, stages: [] },
      results: [
        {
          kind: 'event',
          event_name: 'Transfer',
          event_signature: 'Transfer(address,address,uint256)',
          args: { from: zero, to: zero, value: '0' },
        },
        { kind: 'undecoded', reason: 'no_topics' },
        { kind: 'ignored' },
        { kind: 'undecoded', reason: 'undecodable' },
      ],
    });
    expectProblem(await api.post(`${base}/transform/preview`, { pipeline_id: 77, logs }), 404);
    expectProblem(await api.post(`${base}/transform/preview`, { pipeline_id: 45, logs: [] }), 400);
    const upper = { ...logs[0], topics: [`0x${'DD'.repeat(32)}`] };
    expect((await api.post(`${base}/transform/preview`, { pipeline_id: 45, logs: [upper] })).json()).to.include({
      detail: 'body.logs.0.topics.0: is no hash of 32 bytes in lower-case hex',
    });
    for (const pipeline_id of ['9007199254740993', '"9007199254740993"']) {
      const request = {
        method: 'POST',
        url: `${base}/transform/preview`,
        payload: `{"pipeline_id":${pipeline_id}}`,
      } as const;
      const problem = await api.send({ ...request, headers: { 'content-type': 'application/json' } });
      expect(problem.json()).to.include({ detail: 'body.pipeline_id: must be a whole number from 1 to 2147483647' });
    }
    const large = `{"pipeline_id":45,"event":{"event_name":"Transfer","args":{"value":9007199254740993}}}`;
    const request = { method: 'POST', url: `${base}/transform/preview`, payload: large } as const;
    const problem = await api.send({ ...request, headers: { 'content-type': 'application/json' } });
    expect(expectProblem(problem, 400)['errors']).to.deep.include({
      ...{ path: 'body.event.args.value', message: 'is a number too large for JSON: write its digits as a text' },
    });
    expect((await api.post(`${base}/transform/preview`, { pipeline_id: 1e300 })).json())
      .to.have.property('errors')
      .with.length(1);
  });

  it('says of a preview what is wrong, a line each, and takes one choice of events alone', async () => {
    const lines = async (body: unknown): Promise<readonly string[]> => {
      const problem = expectProblem(await api.post(`${base}/transform/preview`, body), 400);
      return (problem['errors'] as { path: string; message: string }[]).map(
        ({ path, message }) => `${path}: ${message}`,
      );
    };
    const one = 'body: block, last and event exclude each other';
    expect(await lines({ pipeline_id: 45, block: 1, last: 2 })).to.deep.equal([one]);
    expect(await lines({ pipeline_id: 45, block: 0, event: {} })).to.deep.equal([one]);
    expect(await lines({ pipeline_id: 'x', block: -1, last: 101 })).to.have.members([
      'body.pipeline_id: must be a whole number from 1 to 2147483647',
      `body.block: must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
      'body.last: must be a whole number from 1 to 100',
    ]);
    expect(await lines({ pipeline_id: 45, event: { event_nam: 'Transfer', timestamp: '1' } })).to.deep.equal([
      'body.event.event_name: is missing: the source gives Transfer',
      'body.event.event_nam: is unknown: the nearest known one is event_name',
      'body.event.timestamp: must be a whole number from 0',
    ]);
    expect(await lines({ pipeline_id: 45, logs: [{ address: 'zz', topics: 'x' }] })).to.deep.equal([
      'body.logs.0.address: is no address',
      'body.logs.0.topics: must be a list',
    ]);
    expect(await lines({ pipeline_id: 45, blck: 1 })).to.deep.equal([
      'body.blck: is unknown: the nearest known one is block',
    ]);
    expect(await lines({ transformer: 5 })).to.deep.equal([
      'body.transformer: must be a text',
      'body.source_value: is missing',
    ]);
    const whole =
      'body: must hold a transformer and its source_value, or a pipeline_id with logs, event, block or last';
    expect([await lines({}), await lines(7), await lines([])]).to.deep.equal([[whole], [whole], [whole]]);
  });

  it('sorts them into a tree', async () => {
    const add = async (name: string, parentId: number | null = null): Promise<number> => {
      const answer = await api.post(`${base}/classification`, { name, parent_id: parentId });
      expect(answer.statusCode, answer.body).to.equal(201);
      return answer.json<{ classification_id: number }>().classification_id;
    };
    const root = await add('资产');
    const leaf = await add('erc20', root);
    for (const name of ['two\nlines', 'two\u2028lines', 'turned \u202eround', '\u200b'])
      expectProblem(await api.post(`${base}/classification`, { name }), 400);
    expect(root).to.equal(1);
    const { tree, unclassified } = (await api.get(`${base}/tree`)) as {
      tree: Record<string, unknown>[];
      unclassified: unknown[];
    };
    expect(tree[0]).to.deep.include({ classification_id: 1, name: '资产', parent_id: null });
    expect(tree[0]!['children']).to.have.nested.property('[0].name', 'erc20');
    expect(tree[0]!['pipelines']).to.have.nested.property('[0].pipeline_id', 45);
    expect(unclassified).to.deep.equal([]);
    const change = (id: number, parentId: number | null) =>
      api.post(`${base}/classification/${id}`, { name: 'x', parent_id: parentId }, 'PUT');
    expectProblem(await change(root, leaf), 409);
    expectProblem(await change(root, root), 409);
    expectProblem(await change(root, 99), 404);
    expect((await change(leaf, null)).json()).to.include({ name: 'x', parent_id: null });
    expectProblem(await api.post(`${base}/classification/${root}`, undefined, 'DELETE'), 409);
    expect((await api.post(`${base}/classification/${leaf}`, undefined, 'DELETE')).statusCode).to.equal(200);
    expectProblem(await api.post(`${base}/classification/${leaf}`, undefined, 'DELETE'), 404);
    const { classifications } = await api.get(`${base}/classification`);
    expect(classifications).to.have.length(1);
  });

  it('hangs none of the tree in itself, or below one that is gone, however many change it at one time', async () => {
    const add = (name: string, parentId: number | null = null) =>
      api.post(`${base}/classification`, { name, parent_id: parentId });
    const idOf = (answer: Awaited<ReturnType<typeof add>>): number =>
      answer.json<{ classification_id: number }>().classification_id;
    for (let round = 0; round < 5; round++) {
      const [a, b, c] = [idOf(await add('a')), idOf(await add('b')), idOf(await add('c'))];
      const hang = (id: number, parentId: number) =>
        api.post(`${base}/classification/${id}`, { name: 'x', parent_id: parentId }, 'PUT');
      const hung = await Promise.all([hang(a, b), hang(b, a)]);
      expect(hung.map(({ statusCode }) => statusCode).toSorted()).to.deep.equal([200, 409]);
      const [added, deleted] = await Promise.all([
        add('child', c),
        api.post(`${base}/classification/${c}`, undefined, 'DELETE'),
      ]);
      expect([
        [201, 409],
        [404, 200],
      ]).to.deep.include([added.statusCode, deleted.statusCode]);
    }
  });

  it('queues a task once, unless the pipeline is disabled, and says what it waits for', async () => {
    await database.write([database.knex('pipeline_task').where({ status: 3 }).delete()]);
    const start = (body: object) => api.post(`${base}/start`, body);
    const asked = { pipeline_id: 45, mode: 'historical', from_block: 1, to_block: 2 };
    const answers = await Promise.all([start(asked), start(asked), start({ ...asked, fresh: false })]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).to.deep.equal([200, 200, 202]);
    const [answer] = answers;
    expectSchema(api.routes, 'POST', `${base}/start`, answer);
    expect(answer.json()).to.include({ pipeline_id: 45, status: 3, status_text: '等待运行', last_heartbeat: null });
    expect(answer.json()).to.include({ waiting_for: 'a worker: none is alive; start one with chainparse worker' });
    expect(new Set(answers.map((each) => each.json<{ task_id: number }>().task_id)).size).to.equal(1);
    expectProblem(await start({ pipeline_id: 45 }), 409);
    expectProblem(await start({ pipeline_id: 77 }), 404);
    for (const body of [
      {},
      { pipeline_id: 0 },
      { pipeline_id: 45, mod: 'x' },
      { pipeline_id: 45, from_block: 3, to_block: 2 },
    ]) {
      expectProblem(await start(body), 400);
    }
    await database.write([database.knex('pipeline').where({ id: 46 }).update({ disabled: 1 })]);
    expectProblem(await start({ pipeline_id: 46 }), 409);
  });

  it('says of a pipeline that is being deleted that it is, and not how to enable it', async () => {
    const disable = (id: number) => database.knex('pipeline').where({ id }).update({ disabled: 1 });
    const enable = database.knex('pipeline').where({ id: 45 }).update({ disabled: 0 });
    const task = await insertSilentTask(database, 10, { ...{ worker: 'here:1' }, status: 1 });
    await database.write([database.knex('pipeline_checkpoint').where({ pipeline_id: 45 }).delete(), disable(45)]);
    const refusals = [
      await api.post(`${base}/45/start`),
      await api.post(`${base}/45/restart`),
      await api.post(`${base}/start`, { pipeline_id: 45 }),
    ];
    for (const refusal of refusals)
      expect(expectProblem(refusal, 409)).to.include({
        detail: 'pipeline 45 is being deleted',
        hint: 'if that was cut short: chainparse pipeline delete 45',
      });
    await database.write([enable, database.knex('pipeline_task').where({ id: task }).delete()]);
  });

  it('deletes one, but not while a task of it lives', async () => {
    await insertSilentTask(database, 0, { status: 0 });
    expectProblem(await api.post(`${base}/45`, undefined, 'DELETE'), 409);
    await database.write([database.knex('pipeline_task').update({ status: 1 })]);
    expect((await api.post(`${base}/45`, undefined, 'DELETE')).json()).to.deep.equal({
      pipeline_id: 45,
      name: 'renamed',
    });
    expectProblem(await api.post(`${base}/45`, undefined, 'DELETE'), 404);
  });

  it('notes each change in the audit log, with what was sent', async () => {
    const { entries } = (await api.get('/api/v1/audit?limit=200')) as { entries: Record<string, unknown>[] };
    expect(entries[0]).to.include({ method: 'DELETE', path: `${base}/45`, status: 404, detail: null });
    expect(entries.at(-1)).to.include({ method: 'POST', path: `${base}/config`, status: 201 });
    expect(entries.at(-1)!['detail']).to.contain('"name":"transfers"');
  });

  it('notes no secret of a definition that is refused for it', async () => {
    const hook = { name: 'hook', type: 'webhook_sink', url: 'https://h.example/', secret: 'hunter2hunter2' };
    expectProblem(await api.post(`${base}/config`, { name: 'leaks', components: [hook] }), 400);
    const { entries } = (await api.get('/api/v1/audit?limit=1')) as { entries: Record<string, unknown>[] };
    expect(entries[0]!['detail']).to.contain('"secret":"***"').and.not.to.contain('hunter2');
  });
});
