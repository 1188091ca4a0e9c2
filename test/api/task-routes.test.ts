import { expect } from 'chai';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import type { Database } from '../../src/database/database.js';
import { MonitorStore } from '../../src/database/operations/monitor-store.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { claimRequest } from '../database/claim-request.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { asReadOnly, expectProblem, testApi, type TestApi } from './api-fixture.js';

const base = '/api/v1/pipeline';

eachDatabase('the API about tasks', (testDatabase) => {
  let database: Database;
  let api: TestApi;
  const ids = async (query: string): Promise<unknown> => {
    const { tasks } = (await api.get(`${base}/tasks${query}`)) as { tasks: { task_id: number }[] };
    return tasks.map(({ task_id }) => task_id);
  };

  // 1 runs, 2 has failed long ago, 3 runs and is the most silent, 4 waits.
  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await testDatabase.fresh());
    api = testApi(database);
    await new CheckpointStore(database).get(45);
    const tasks = new TaskStore(database);
    const progress = { mode: 'realtime', nextBlock: 10, targetBlock: null, headBlock: 12, events: 4711 } as const;
    const id = await tasks.claim(claimRequest());
    await tasks.renew([{ taskId: id, progress }]);
    await insertSilentTask(database, 0, { status: 2 });
    await insertSilentTask(database, 1_000);
    await insertSilentTask(database, 5, { status: 3 }, false);
    const changes = { create_time: '2024-01-15 10:00:00', end_time: '2024-01-15 11:00:00', end_reason: 'timeout' };
    await database.write([database.knex('pipeline_task').where({ id: 2 }).update(changes)]);
    await new MonitorStore(database).register('host-2:1 (ab12cd)', 300);
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  it('lists them newest first, with the keys of the contract in their order', async () => {
    const page = await api.get(`${base}/tasks`);
    expect(page).to.include({ total: 4, page: 1, page_size: 20 });
    const tasks = page['tasks'] as Record<string, unknown>[];
    expect(tasks.map(({ task_id }) => task_id)).to.deep.equal([4, 3, 2, 1]);
    expect(Object.keys(tasks[3]!).join(' ')).to.equal(
      'task_id pipeline_id status status_text status_name create_time last_heartbeat log_path worker ' +
        'heartbeat_age_seconds timeout_minutes end_time end_reason error progress',
    );
    expect(tasks[3]).to.deep.include({
      ...{
        task_id: 1,
        pipeline_id: 45,
        status: 0,
        status_text: '正在运行',
        status_name: 'running',
        timeout_minutes: 60,
      },
      progress: { mode: 'realtime', next_block: 10, target_block: null, head_block: 12, events: 4711, lag_blocks: 2 },
    });
    expect(tasks[0]).to.include({ status_text: '等待运行', status_name: 'queued' });
  });

  it('tells of running tasks how silent they are, and from when on that is odd, where that is asked for', async () => {
    const { tasks } = (await api.get(`${base}/tasks?silence=true`)) as { tasks: Record<string, unknown>[] };
    expect(tasks[1]).to.include({ heartbeat_interval_seconds: 30, silent_after_seconds: 90 });
    expect(tasks[1]?.['silent_seconds']).to.be.within(1_000, 1_005);
    expect(tasks[2]).not.to.have.property('silent_seconds');
    expect(await api.get('/api/v1/live/task/3')).to.include({ task_id: 3, silent_after_seconds: 90 });
    expect(await api.get('/api/v1/live/task/4')).not.to.have.property('silent_after_seconds');
    expectProblem(await api.send('/api/v1/live/task/99'), 404);
    expectProblem(await api.send(`${base}/tasks?silence=1`), 400);
  });

  it('narrows the list by status, pipeline and time', async () => {
    expect(await ids('?status=running')).to.deep.equal([3, 1]);
    expect(await ids('?status=RUNNING')).to.deep.equal([3, 1]);
    expect(await ids('?status=2')).to.deep.equal([2]);
    expect(await ids('?status=queued&pipeline_id=45')).to.deep.equal([4]);
    expect(await ids('?since=2024-01-15T10:00:01')).to.deep.equal([4, 3, 1]);
    expect(await ids('?since=2024-01-15')).to.deep.equal([4, 3, 2, 1]);
    expectProblem(await api.send(`${base}/tasks?pipeline_id=46`), 404);
    await database.write([database.knex('pipeline').insert({ id: 45, name: 'Transfers', disabled: false })]);
    expect(await ids('?status=queued&pipeline_name=transfers')).to.deep.equal([4]);
    expect(await ids('?status=queued&pipeline_name=')).to.deep.equal([4]);
    expectProblem(await api.send(`${base}/tasks?pipeline_name=swaps`), 404);
    expectProblem(await api.send(`${base}/tasks?pipeline_name=transfers&pipeline_id=45`), 400);
  });

  it('pages, and sorts by what an index serves', async () => {
    expect(await ids('?page_size=2&page=2')).to.deep.equal([2, 1]);
    expect(await ids('?page=3')).to.deep.equal([]);
    expect(await ids('?sort=id&page_size=3')).to.deep.equal([1, 2, 3]);
    expect(await ids('?sort=create_time')).to.deep.equal([1, 2, 3, 4]);
    expect(await ids('?sort=-end_time&page_size=1')).to.deep.equal([2]);
    expect(await ids('?sort=-last_heartbeat&status=0')).to.deep.equal([1, 3]);
    expect(expectProblem(await api.send(`${base}/tasks?sort=last_heartbeat`), 400)['hint']).to.match(/status=running/);
    expectProblem(await api.send(`${base}/tasks?page=6000`), 400);
  });

  it('says what is wrong with a question, all of it', async () => {
    const problem = expectProblem(await api.send(`${base}/tasks?status=9&page=0&page_size=1000&since=2024-02-31`), 400);
    const paths = (problem['errors'] as { path: string }[]).map(({ path }) => path);
    expect(paths).to.have.members(['query.status', 'query.page', 'query.page_size', 'query.since']);
    expectProblem(await api.send(`${base}/tasks?page=1&page=2`), 400);
  });

  it('says in its own words what is wrong with a body, and what is wanted', async () => {
    const body = { mode: 'live', from_block: 1.5, fresh: 'yes', frsh: true };
    const problem = expectProblem(await api.post(`${base}/start`, body), 400);
    expect(problem['errors']).to.have.deep.members([
      { path: 'body.pipeline_id', message: 'must be a whole number from 1 to 2147483647' },
      { path: 'body.mode', message: 'is neither realtime nor historical' },
      { path: 'body.from_block', message: `must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}` },
      { path: 'body.fresh', message: 'must be true or false' },
      { path: 'body.frsh', message: 'is unknown: the nearest known one is fresh' },
    ]);
    const none = expectProblem(await api.post(`${base}/start`), 400);
    expect(none['detail']).to.equal('body: is missing: it must be a mapping of keys to values');
  });

  it('refuses parameters that it does not know: a list of all would look like an answer', async () => {
    const problem = expectProblem(await api.send(`${base}/tasks?statsu=0&page=0`), 400);
    expect(problem['errors']).to.deep.equal([
      { path: 'query.statsu', message: 'is unknown: the nearest known one is status' },
      { path: 'query.page', message: 'is no whole number from 1 to 1000000' },
    ]);
    expect(expectProblem(await api.send(`${base}/tasks?x=1`), 400)['detail']).to.match(
      /^query\.x: is unknown: known are \w+, /,
    );
    expect(expectProblem(await api.send(`${base}/task/1?lines=2`), 400)['detail']).to.equal(
      'query.lines: is unknown: this call takes none',
    );
    expect((await api.send('/healthz?probe=1')).statusCode, 'probes are no calls of the API').to.equal(200);
  });

  it('lists those that run, the most silent first', async () => {
    const { tasks } = (await api.get(`${base}/tasks/running`)) as { tasks: { task_id: number }[] };
    expect(tasks.map(({ task_id }) => task_id)).to.deep.equal([3, 1]);
  });

  it('counts them', async () => {
    const statistics = await api.get(`${base}/tasks/statistics?window=1`);
    const counts = {
      total: 4,
      running: 2,
      succeeded: 0,
      failed: 1,
      queued: 1,
      timed_out: 1,
      silent: 1,
      silence_unknown: 0,
      running_longer: 0,
    };
    expect(statistics).to.deep.include({
      ...counts,
      by_end_reason: { timeout: 1 },
      window_minutes: 1,
      ended_in_window: 0,
    });
    expect((statistics['monitors'] as object[])[0]).to.include({ name: 'host-2:1 (ab12cd)', alive: true });
  });

  it('shows one, or says that there is none', async () => {
    expect(await api.get(`${base}/task/2`)).to.include({ task_id: 2, status_text: '失败', end_reason: 'timeout' });
    expectProblem(await api.send(`${base}/task/77`), 404);
    expectProblem(await api.send(`${base}/task/0`), 400);
    expectProblem(await api.send(`${base}/task/x`), 400);
  });

  it('cancels one that runs or waits, once', async () => {
    for (const id of [3, 4]) {
      const answer = await api.post(`${base}/task/${id}/cancel`);
      expect(answer.json()).to.include({ task_id: id, status: 1, status_text: '成功或结束', end_reason: 'stopped' });
    }
    expectProblem(await api.post(`${base}/task/3/cancel`), 409);
    expectProblem(await api.post(`${base}/task/77/cancel`), 404);
  });

  it('notes in the audit log what was asked for, and what became of it', async () => {
    const rows = await database.read<{ method: string; path: string; status: number; actor: string }[]>((knex) =>
      knex('audit_log').orderBy('id').select('method', 'path', 'status', 'actor'),
    );
    expect(rows.map(({ path, status }) => `${path} ${status}`)).to.deep.equal([
      `${base}/task/3/cancel 200`,
      `${base}/task/4/cancel 200`,
      `${base}/task/3/cancel 409`,
      `${base}/task/77/cancel 404`,
    ]);
    expect(rows[0]).to.include({ method: 'POST', actor: 'anyone' });
  });

  it('is ready where a monitor is alive and nobody is silent', async () => {
    expect(await api.get('/readyz')).to.include({ ready: true });
    await insertSilentTask(database, 1_000);
    const answer = await api.send('/readyz');
    expect(answer.statusCode).to.equal(503);
    expect(answer.json<{ reasons: string[] }>().reasons).to.deep.equal([
      'silence: 1 running task has been silent for more than three heartbeats',
    ]);
    const { knex, dialect } = database;
    // It died, and then the clock was set back.
    await database.write([knex('monitor').update({ last_heartbeat: dialect.secondsAgo(knex, -3_600) })]);
    expect((await api.send('/readyz')).body).to.match(/monitor: tasks run, and no monitor is alive/);
    await database.write([knex('monitor').delete()]);
    expect((await api.send('/readyz')).body).to.match(/monitor: tasks run, and no monitor is alive/);
  });

  it('says of a database that is read-only that it is, where nobody is heard', async () => {
    const readOnly = testApi(asReadOnly(database));
    const { reasons } = (await readOnly.send('/readyz')).json<{ reasons: string[] }>();
    expect(reasons[0]).to.equal(
      'database: answers, but is read-only: let it take writes, or name the primary in its URL',
    );
    expect(reasons.slice(1).join()).to.contain('no monitor is alive').and.contain('silent');
    await readOnly.app.close();
  });

  it('is not ready where a live pipeline is far behind the head', async () => {
    const strict = testApi(database, { CHAINPARSE_API_MAX_LAG: '1' });
    expect((await strict.send('/readyz')).body).to.match(/"lag: task 1 is 2 blocks behind"/);
    await strict.app.close();
  });

  it('says of no live pipeline that it is not behind where its node is well below what was read', async () => {
    const { knex } = database;
    const task = knex('pipeline_task').where({ id: 1 });
    const [before] = await database.read<{ progress: string }[]>(() => task.clone().select('progress'));
    const progress = JSON.stringify({ ...(JSON.parse(before!.progress) as object), headBlock: 5 });
    await database.write([task.clone().update({ progress })]);
    const [, , , , lag] = (await api.send('/readyz')).json<{ checks: { kind: string; detail: string }[] }>().checks;
    expect(lag).to.include({ ok: true, kind: 'waiting' });
    expect(lag?.detail).to.match(/^the lag of task 1 is unknown: it waits for block \d+, and its node is at block 5$/);
    await database.write([task.clone().update(before!)]);
  });
});
