import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { WorkerStore, type NewWorker } from '../../src/database/operations/worker-store.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import { claimRequest } from '../database/claim-request.js';
import { runIn } from '../cli/run-in.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testApi, type TestApi } from './api-fixture.js';

const worker: NewWorker = {
  ...{ name: 'host-1:1', host: 'host-1', identity: 'boot/ns/1', version: '1.2.3' },
  ...{ chains: ['base', 'ethereum'], heartbeatIntervalSeconds: 5, concurrency: 4 },
};

eachDatabase('workers', (databases) => {
  let database: Database;
  let api: TestApi;
  const taskIds: number[] = [];

  // host-1 runs two tasks; another process of its name has ended; host-2 has been silent for a minute; of host-3, which died
  // before the clock was set back by an hour, nobody knows.
  before(async () => {
    database = await openMigrated(await databases.fresh());
    api = testApi(database);
    const store = new WorkerStore(database);
    await store.end(await store.register({ ...worker, identity: 'boot/ns/0' }));
    await store.beat(await store.register(worker), { running: 2 });
    const silent = await store.register({ ...worker, name: 'host-2:1', host: 'host-2', chains: null });
    const ahead = await store.register({ ...worker, name: 'host-3:1', host: 'host-3', chains: null });
    const { knex, dialect } = database;
    const heard = (id: number, seconds: number) =>
      knex('worker')
        .where({ id })
        .update({ last_heartbeat: dialect.secondsAgo(knex, seconds) });
    await database.write([heard(silent, 60), heard(ahead, -3_700)]);
    for (const pipelineId of [45, 46]) {
      await new CheckpointStore(database).get(pipelineId);
      const by = { worker: worker.name, workerIdentity: worker.identity };
      taskIds.push(await new TaskStore(database).claim(claimRequest({ pipelineId, ...by })));
    }
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  it('are listed by the API, each with what it is and what it holds', async () => {
    const { workers, total } = (await api.get('/api/v1/workers')) as {
      workers: Record<string, unknown>[];
      total: number;
    };
    expect(total).to.equal(4);
    expect(workers.map(({ name, state, task_ids }) => [name, state, task_ids])).to.deep.equal([
      ['host-1:1', 'alive', taskIds],
      ['host-2:1', 'silent', []],
      ['host-3:1', 'silent', []],
      ['host-1:1', 'ended', []],
    ]);
    expect(workers[0]).to.deep.include({ host: 'host-1', version: '1.2.3', running: 2, capacity: 4, end_time: null });
    expect(workers.map(({ chains }) => chains)).to.deep.equal([
      ['base', 'ethereum'],
      ...[null, null],
      ['base', 'ethereum'],
    ]);
    const [first] = workers;
    expect(await api.get('/api/v1/workers?limit=1')).to.deep.equal({ workers: [first], total: 4 });
  });

  const list = (...args: readonly string[]) =>
    runIn(temporaryFolder(), 'workers', 'list', '--database', databases.url(), '--lang', 'en', ...args);

  it('are listed by the command, those that have ended where they are asked for', async () => {
    const { code, stdout, stderr } = await list();
    expect(code, stderr).to.equal(0);
    const [first, second] = taskIds;
    expect(stdout).to.match(
      new RegExp(`\\n *host-1:1 +alive +2/4 +${first} ${second} +base ethereum +1\\.2\\.3 +\\d+ s ago\\n`),
    );
    expect(stdout).to.match(/\n *host-2:1 +silent +0\/4 +- +any +1\.2\.3 +\d+ s ago\n/);
    expect(stdout).to.match(/\n *host-3:1 +silent +0\/4 +- +any +1\.2\.3 +61 min ahead\n/);
    expect(stdout).not.to.contain('ended');
    expect((await list('--all')).stdout).to.match(/host-1:1 +ended/);
    const json = JSON.parse((await list('--json')).stdout) as { workers: object[]; total: number };
    expect([json.workers.length, json.total]).to.deep.equal([3, 3]);
  });

  it('have a row in the status, with the places of those that are alive', async () => {
    const status = await runIn(temporaryFolder(), 'status', '--once', '--database', databases.url(), '--lang', 'en');
    expect(status.stdout).to.contain('\n1 worker alive, 2 of 4 places taken\n');
    const { workers } = JSON.parse(
      (await runIn(temporaryFolder(), 'status', '--json', '--database', databases.url())).stdout,
    ) as { workers: object[] };
    expect(workers).to.have.length(1);
  });

  it('are counted in metrics', async () => {
    const text = (await api.app.inject({ url: '/metrics' })).body;
    expect(text).to.contain('\nchainparse_workers_alive 1\n');
    expect(text).to.contain('\nchainparse_worker_places{state="taken"} 2\n');
    expect(text).to.contain('\nchainparse_worker_places{state="free"} 2\n');
  });
});
