import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testApi } from './api-fixture.js';
import type { TestApi } from './api-fixture.js';

interface Listed {
  readonly pipeline_id: number;
  readonly wanted: { readonly next_start: string } | null;
}

const base = '/api/v1/pipeline';
const wholeNumber = 'must be a whole number from 1 to 2147483647';
const definition = {
  pipeline_name: 'old',
  description: 'from before',
  version: '1.0',
  components: {
    monitor: {
      name: 'transfers',
      type: 'event_monitor',
      config: {
        chain_name: 'ethereum',
        contract_address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eb48',
        abi_path: 'builtin:erc20',
      },
    },
    rows: {
      type: 'dict_mapper',
      config: { dict_mappers: [{ mapping_rules: [{ source_key: 'args.to', target_key: 'to' }] }] },
    },
  },
};

describe('an API for older clients', () => {
  let database: Database;
  let api: TestApi;
  let plain: TestApi;

  before(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    api = testApi(database, { CHAINPARSE_API_OLDER_CLIENTS: 'on' });
    plain = testApi(database);
  });
  after(async () => {
    await Promise.all([api.app.close(), plain.app.close()]);
    await database.close();
  });

  const ask = async (url: string): Promise<Record<string, unknown>> => (await api.send(`${base}${url}`)).json();
  const post = (url: string, body?: unknown) => api.post(`${base}${url}`, body);

  it('stores a definition that is a text beside its id', async () => {
    const answer = await post('/config', { pipeline_id: 45, pipeline_info: JSON.stringify(definition) });
    expect(answer.statusCode).to.equal(200);
    expect(answer.json()).to.deep.equal({
      ...{ success: true, message: 'pipeline 45 is stored', pipeline_id: 45, components_created: 2 },
    });
    const wrong = await post('/config', { pipeline_id: 45, pipeline_info: '{"pipeline_name": "x"}' });
    expect(wrong.statusCode).to.equal(400);
    expect(wrong.json()).to.have.property('detail').that.contains('components');
    for (const [body, detail] of [
      [{ pipeline_id: 45 }, 'body.pipeline_info: is missing: the definition'],
      ...[undefined, 0, 2 ** 31, '45.5', '', '4e1', '-1', '0x2d', ['45'], true].map(
        (id) => [{ pipeline_id: id, pipeline_info: '{}' }, `body.pipeline_id: ${wholeNumber}`] as const,
      ),
    ] as const) {
      const refused = await post('/config', body);
      expect([refused.statusCode, refused.json<{ detail: string }>().detail]).to.deep.equal([400, detail]);
    }
  });

  it('has a started pipeline wait for a time of the schedule that it stores', async () => {
    const store = async (schedule: string): Promise<void> => {
      const monitor = { ...definition.components.monitor.config, mode: 'historical', start_block: 1, end_block: 2 };
      const components = { monitor: { ...definition.components.monitor, config: monitor } };
      const info = { pipeline_name: 'scheduled', schedule, components };
      const answer = await post('/config', { pipeline_id: 47, pipeline_info: JSON.stringify(info) });
      expect(answer.statusCode, answer.body).to.equal(200);
    };
    const next = async (): Promise<string | undefined> => {
      const { pipelines } = (await ask('/list')) as { readonly pipelines: readonly Listed[] };
      return pipelines.find((each) => each.pipeline_id === 47)?.wanted?.next_start.slice(11);
    };
    await store('0 3 * * *');
    await post('/47/start');
    expect(await next()).to.equal('03:00:00');
    await store('30 4 * * *');
    expect(await next()).to.equal('04:30:00');
    await api.post(`${base}/47/stop`);
    await api.post(`${base}/47`, undefined, 'DELETE');
  });

  it('says by which call a definition gets in whose name another pipeline has', async () => {
    const refused = await post('/config', { pipeline_id: 46, pipeline_info: JSON.stringify(definition) });
    expect(refused.statusCode).to.equal(400);
    expect(refused.json()).to.deep.include({
      ...{ code: 'TAKEN', detail: "pipeline 45 is named 'old' already: a name is given once, regardless of case" },
      hint: `give it another pipeline_name; with the other's pipeline_id, POST ${base}/config replaces that definition`,
    });
  });

  it('starts a task, and lists it in the older form beside ours', async () => {
    const started = await post('/start', { pipeline_id: 45, log_path: '/tmp/x.log' });
    expect(started.statusCode).to.equal(200);
    expect(started.json()).to.include({ success: true, task_id: 1, pipeline_id: 45 }).and.have.property('message');
    const row = {
      task_id: 1,
      pipeline_id: 45,
      pipeline_name: 'old',
      pipeline_description: 'from before',
      status: 3,
      status_text: '等待运行',
      log_path: null,
    };
    const page = await ask('/tasks?pipeline_name=old');
    expect(page).to.include({ success: true, total: 1, page: 1, page_size: 10, total_pages: 1 });
    expect(page).to.have.nested.property('data[0]').that.includes(row);
    expect(page).to.have.nested.property('tasks[0].status_name', 'queued');
    expect((await plain.send(`${base}/tasks?pipeline_name=none`)).statusCode).to.equal(404);
    expect(await ask('/tasks/running')).to.deep.include({ success: true, data: [], count: 0 });
    const { knex } = database;
    const running = { pipeline_id: 45, status: 0, create_time: '2024-01-15 10:00:00', log_path: '' };
    await database.write(Array.from({ length: 25 }, () => knex('pipeline_task').insert(running)));
    const all = await ask('/tasks/running');
    expect(all).to.include({ message: '25 tasks run', count: 25 });
    expect(all['data']).to.have.length(25);
    await database.write([knex('pipeline_task').where({ status: 0 }).delete()]);
    expect(await ask('/task/1')).to.include({ success: true, task_id: 1, pipeline_name: 'old' });
    const { data, window_minutes: window } = await ask('/tasks/statistics');
    expect(window, 'as without older clients').to.equal(60);
    expect(data).to.include({
      total_tasks: 1,
      running_tasks: 0,
      success_tasks: 0,
      failed_tasks: 0,
      recent_24h_tasks: 1,
      last_check_time: null,
    });
    expect((await post('/tasks/reset-running')).json()).to.include({ success: true });
  });

  it('shows a log as one text, and where it is', async () => {
    mkdirSync(join(api.parts.cwd, 'logs'), { recursive: true });
    writeFileSync(join(api.parts.cwd, 'logs/1.log'), 'one\ntwo\n');
    await database.write([database.knex('pipeline_task').where({ id: 1 }).update({ log_path: 'logs/1.log' })]);
    expect(await ask('/task/1/log?lines=1')).to.include({
      ...{ success: true, task_id: 1, log_path: 'logs/1.log' },
      ...{ log_content: 'two', returned_lines: 1, total_lines: 2, message: 'the last 1 of 2 lines' },
    });
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
    writeFileSync(join(api.parts.cwd, 'logs/1.log'), lines.join('\n'));
    expect(await ask('/task/1/log?lines=3')).to.include({ returned_lines: 3, total_lines: 5_000 });
    expect(await ask('/task/1/log?lines=9999')).to.include({ returned_lines: 5_000, total_lines: 5_000 });
    expect(await ask('/task/1/log?lines=0')).to.include({ returned_lines: 0, total_lines: 5_000 });
  });

  it('counts the lines of a very long log up to some place, and says so', async () => {
    const path = join(api.parts.cwd, 'logs/1.log');
    writeFileSync(path, 'one\ntwo\nthree\n');
    truncateSync(path, 81 * 1024 * 1024);
    expect(await ask('/task/1/log?lines=1')).to.include({
      ...{ returned_lines: 1, total_lines: 3, message: 'the last 1 of more than 3 lines' },
    });
  });

  it('counts as tasks of the last day those that were made in it', async () => {
    const before = ((await ask('/tasks/statistics'))['data'] as { recent_24h_tasks: number }).recent_24h_tasks;
    const endedNow = { status: 1, end_time: database.dialect.now(database.knex) };
    const first = await insertSilentTask(database, 2 * 86_400, endedNow);
    await insertSilentTask(database, 3 * 86_400, endedNow);
    await insertSilentTask(database, 10, { status: 1 });
    expect(await ask('/tasks/statistics')).to.have.nested.property('data.recent_24h_tasks', before + 1);
    await database.write([database.knex('pipeline_task').where('id', '>=', first).delete()]);
  });

  it('tells in its document with which statuses it answers', async () => {
    const statuses = async (of: TestApi, path: string): Promise<readonly string[]> => {
      const document = (await of.send('/openapi.json')).json<{
        paths: Record<string, { post: { responses: object } }>;
      }>();
      return Object.keys(document.paths[`${base}${path}`]?.post.responses ?? {}).filter((status) => status < '300');
    };
    expect(await statuses(plain, '/start')).to.deep.equal(['200', '202']);
    expect(await statuses(plain, '/config')).to.deep.equal(['201']);
    expect(await statuses(api, '/start')).to.deep.equal(['200']);
    expect(await statuses(api, '/config')).to.deep.equal(['200', '201']);
  });

  it('answers 400 or 404 with a detail', async () => {
    const missing = await api.send(`${base}/task/77`);
    expect([missing.statusCode, missing.json<{ detail: string }>().detail]).to.deep.equal([404, 'there is no task 77']);
    await database.knex('pipeline').where({ id: 45 }).update({ disabled: 1 });
    const refused = await post('/start', { pipeline_id: 45 });
    expect([refused.statusCode, refused.json<{ detail: string }>().detail]).to.deep.equal([
      400,
      'pipeline 45 is disabled',
    ]);
    await database.knex('pipeline').where({ id: 45 }).update({ disabled: 0 });
  });

  it('takes an id that is a text of digits', async () => {
    for (const id of ['45', ' 045\n', '+45', '45.0']) {
      const stored = await post('/config', { pipeline_id: id, pipeline_info: JSON.stringify(definition) });
      expect([stored.statusCode, stored.json<{ pipeline_id: number }>().pipeline_id]).to.deep.equal([200, 45]);
      expect((await post('/start', { pipeline_id: id })).json()).to.include({ pipeline_id: 45 });
    }
    for (const id of ['x', '45x', ''])
      expect((await post('/start', { pipeline_id: id })).json()).to.include({
        detail: `body.pipeline_id: ${wholeNumber}`,
      });
    expect((await plain.post(`${base}/start`, { pipeline_id: '45' })).statusCode).to.equal(400);
  });

  it('minds no body of the call that resets nothing', async () => {
    for (const body of [undefined, {}, { force: true }])
      expect((await post('/tasks/reset-running', body)).statusCode).to.equal(200);
  });

  it('minds no parameter of a query that it does not know', async () => {
    expect((await api.send(`${base}/tasks?page=1&_=1700000000`)).statusCode).to.equal(200);
    expect((await plain.send(`${base}/tasks?page=1&_=1700000000`)).statusCode).to.equal(400);
  });

  it('takes an empty parameter of a query as one that is not there', async () => {
    expect((await api.send(`${base}/tasks?page=1&status=&pipeline_name=`)).statusCode).to.equal(200);
    expect((await plain.send(`${base}/tasks?page=1&status=`)).statusCode).to.equal(400);
  });

  it('previews a transformer, and what stages make of an event', async () => {
    const body = { transformer: 'decimal_normalize(6)', source_value: '1500000' };
    const answer = { source_value: '1500000', transformed_value: '1.5', transformer: 'decimal_normalize(6)' };
    expect((await post('/transform/preview', body)).json()).to.include({ success: true, ...answer });
    expect((await plain.post(`${base}/transform/preview`, body)).json()).to.deep.equal(answer);
    const withField = { transformer: 'decimal_normalize_with_field', source_value: '150', context: { decimals: 2 } };
    expect((await post('/transform/preview', withField)).json()).to.include({ transformed_value: '1.5' });
    const unknown = await post('/transform/preview', { ...body, transformer: 'to_strin' });
    expect([unknown.statusCode, unknown.json<{ hint: string }>().hint]).to.deep.equal([
      400,
      'the nearest is to_string',
    ]);
    const to = `0x${'11'.repeat(20)}`;
    const event = { event_name: 'Transfer', args: { to } };
    const previewed = await plain.post(`${base}/transform/preview`, { pipeline_id: 45, event });
    expect(previewed.json()).to.deep.equal({
      pipeline_id: 45,
      name: 'old',
      events: [{ event, stages: [{ name: 'rows', type: 'dict_mapper', data: { to } }] }],
    });
  });

  it('previews a transformer with every digit of a number, as the older program did', async () => {
    const large = '123456789012345678901234567890';
    const previewed = async (transformer: string, value: string): Promise<string> => {
      const payload = `{"transformer":"${transformer}","source_value":${value},"context":{"decimals":9007199254740993}}`;
      const headers = { 'content-type': 'application/json' };
      return (await plain.send({ method: 'POST', url: `${base}/transform/preview`, payload, headers })).body;
    };
    for (const [transformer, value, output] of [
      ['to_string', '9007199254740993', '"9007199254740993"'],
      ['to_string', large, `"${large}"`],
      ['to_int', `"${large}"`, large],
      ['to_lowercase', large, `"${large}"`],
      ['format_address', large, `"${large}"`],
      ['decimal_normalize', large, '"123456789012.34567890123456789"'],
      ['to_bool', large, 'true'],
      ['to_string', `[-${large}]`, `"[-${large}]"`],
    ] as const) {
      expect(await previewed(transformer, value)).to.equal(
        `{"source_value":${value},"transformed_value":${output},"transformer":"${transformer}"}`,
      );
    }
  });

  it('lists the tasks of all pipelines of a name, and none of one that nobody has', async () => {
    const twin = { name: 'usdt', disabled: 0 };
    await database.write([
      database.knex('pipeline').insert([
        { id: 901, ...twin },
        { id: 902, ...twin, name: 'USDT' },
      ]),
    ]);
    const tasks = [];
    for (const pipeline_id of [901, 902]) tasks.push(await insertSilentTask(database, 5, { pipeline_id, status: 2 }));
    const page = await ask('/tasks?pipeline_name=usdt&status=2');
    expect(page).to.include({ success: true, total: 2, total_pages: 1 });
    expect((page['data'] as { task_id: number }[]).map(({ task_id: id }) => id)).to.have.members(tasks);
    const none = await ask('/tasks?pipeline_name=nobody');
    expect(none).to.deep.include({ success: true, data: [], tasks: [], total: 0, page: 1, total_pages: 0 });
    expect((await api.send(`${base}/tasks?pipeline_name=usdt&pipeline_id=901`)).statusCode).to.equal(400);
    expect((await api.send(`${base}/tasks?pipeline_id=999`)).statusCode).to.equal(404);
    const unclear = await plain.send(`${base}/tasks?pipeline_name=usdt`);
    expect(unclear.statusCode).to.equal(400);
    expect(unclear.json()).to.have.property('detail').that.contains('901, 902');
  });

  it('is one only where it is told to be', async () => {
    expect((await plain.send(`${base}/tasks`)).json()).to.have.all.keys('tasks', 'total', 'page', 'page_size');
    expect((await plain.post(`${base}/tasks/reset-running`)).statusCode).to.equal(404);
    expect((await plain.post(`${base}/start`, { pipeline_id: 45, log_path: 'x' })).statusCode).to.equal(400);
  });
});
