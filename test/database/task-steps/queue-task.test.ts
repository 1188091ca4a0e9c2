import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { WorkerStore } from '../../../src/database/operations/worker-store.js';
import { WantedStore } from '../../../src/database/pipelines/wanted-store.js';
import { queueTask } from '../../../src/database/task-steps/queue-task.js';
import { TaskQueue } from '../../../src/database/tasks/task-queue.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { RunRequest } from '../../../src/model/run-request.js';
import type { Waiting } from '../../../src/model/waiting.js';
import { NotFoundError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { ageTask } from '../aged-task.js';
import { claimRequest } from '../claim-request.js';
import { rejectionOf } from '../../support/rejection.js';

eachDatabase('a task that is queued', (databases) => {
  let database: Database;
  let others: readonly Database[];
  let workers: WorkerStore;

  before(async function () {
    this.timeout(60_000);
    const url = await databases.fresh();
    database = await openMigrated(url);
    others = [database, await openMigrated(url), await openMigrated(url), await openMigrated(url)];
    workers = new WorkerStore(database);
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    const rows = [45, 46].map((id) => ({ id, name: `p${id}`, create_time: now, update_time: now, disabled: 0 }));
    await database.write(rows.map((row) => knex('pipeline').insert(row)));
  });
  beforeEach(() =>
    database.write(['pipeline_task', 'pipeline_checkpoint', 'worker'].map((table) => database.knex(table).delete())),
  );
  after(() => Promise.all(others.map((each) => each.close())));

  const waiting = async (id: number): Promise<Waiting | null> => (await new TaskStore(database).get(id)).waiting;
  const makeWorker = async (running: number, concurrency = 2): Promise<number> => {
    const id = await workers.register({
      ...{ name: 'here:1', heartbeatIntervalSeconds: 5, concurrency },
      ...{ host: 'here', identity: null, version: '1', chains: null },
    });
    await workers.beat(id, { running });
    return id;
  };

  it('is one of its pipeline: who comes later gets the one that is there, with what that is to run with', async () => {
    const first = await queueTask(database, 45, { mode: 'historical', toBlock: 9 });
    const second = await queueTask(database, 45, {});
    expect(first).to.deep.include({ isNew: true });
    expect(second).to.deep.equal({ ...first, isNew: false });
    expect((await queueTask(database, 46, {})).isNew).to.equal(true);
  });

  it('reads, as it is asked to, where it had only waited to deliver', async () => {
    const delivery = await new WantedStore(database, 30).queueDelivery(45);
    const request = { mode: 'historical', toBlock: 9 } as const;
    expect(await queueTask(database, 45, request)).to.deep.equal({ taskId: delivery, request, isNew: false });
  });

  it('is one of its pipeline where many processes queue it at one time', async function () {
    this.timeout(30_000);
    for (let round = 0; round < 5; round++) {
      const queued = await Promise.all([...others, ...others].map((each) => queueTask(each, 45, {})));
      expect(new Set(queued.map(({ taskId }) => taskId)).size).to.equal(1);
      expect(queued.filter(({ isNew }) => isNew)).to.have.length(1);
      const { tasks, total } = await new TaskStore(database).list({ status: 3, limit: 9, offset: 0 });
      expect(total).to.equal(1);
      await new TaskStore(database).cancel(tasks[0]?.id ?? 0);
    }
  });

  it('is another once that one has begun', async () => {
    const tasks = new TaskStore(database);
    const { taskId } = await queueTask(database, 45, {});
    await database.write([database.knex('pipeline_checkpoint').insert({ pipeline_id: 45, version: 0 })]);
    await tasks.claim(claimRequest({ queuedTaskId: taskId }));
    const next = await queueTask(database, 45, {});
    expect(next.isNew).to.equal(true);
    await makeWorker(1);
    expect(await waiting(next.taskId)).to.deep.equal({ kind: 'turn', taskId });
    expect(await waiting(taskId)).to.equal(null);
  });

  it('waits for workers with room where the one that it would follow has fallen silent', async () => {
    const { taskId } = await queueTask(database, 45, {});
    await database.write([database.knex('pipeline_checkpoint').insert({ pipeline_id: 45, version: 0 })]);
    await new TaskStore(database).claim(claimRequest({ queuedTaskId: taskId }));
    const next = await queueTask(database, 45, {});
    await makeWorker(1, 1);
    expect(await waiting(next.taskId)).to.deep.equal({ kind: 'turn', taskId });
    await ageTask(database, taskId, { created: 600, heartbeat: 600 });
    expect(await waiting(next.taskId)).to.deep.equal({ kind: 'full', workers: 1 });
  });

  describe('when a run is handed over', () => {
    /** A run with a request, handed over while a task waits; returns what waits then, first what workers would begin first. */
    const handOver = async (request: RunRequest, wait: () => Promise<unknown>): Promise<readonly RunRequest[]> => {
      const [tasks, queue] = [new TaskStore(database), new TaskQueue(database, 30)];
      const { taskId: id } = await queueTask(database, 45, request);
      await database.write([database.knex('pipeline_checkpoint').insert({ pipeline_id: 45, version: 0 })]);
      await tasks.claim(claimRequest({ queuedTaskId: id }));
      await wait();
      expect(await tasks.handOver({ id, pipelineId: 45, progress: null, request })).to.equal(true);
      const waits: RunRequest[] = [];
      for (;;) {
        const [first] = await queue.listClaimable(1, []);
        if (first === undefined) return waits;
        waits.push((await queue.asked(first.taskId)).request);
        await tasks.cancel(first.taskId);
      }
    };
    const insert = (request: RunRequest): Promise<unknown> => {
      const queued = { pipeline_id: 45, status: 3, run_options: JSON.stringify(request) };
      const row = { ...queued, create_time: database.dialect.now(database.knex), log_path: '' };
      return database.write([database.knex('pipeline_task').insert(row)]);
    };

    it('goes on with it, before what waits already to run with other options', async () => {
      const other = { fromBlock: 2, toBlock: 3 };
      expect(await handOver({ mode: 'realtime' }, () => queueTask(database, 45, other))).to.deep.equal([
        { mode: 'realtime', goesOn: true },
        other,
      ]);
    });

    it('goes on with it where another waits to run as the definition says, and the other way round', async () => {
      expect(await handOver({ toBlock: 9 }, () => queueTask(database, 45, {}))).to.deep.equal([
        { toBlock: 9, goesOn: true },
        {},
      ]);
      await database.write(['pipeline_task', 'pipeline_checkpoint'].map((name) => database.knex(name).delete()));
      expect(await handOver({}, () => queueTask(database, 45, { toBlock: 9 }))).to.deep.equal([
        { goesOn: true },
        { toBlock: 9 },
      ]);
    });

    it('is the one that goes on with it where it is to run with the same', async () => {
      const request = { mode: 'realtime' } as const;
      expect(await handOver(request, () => queueTask(database, 45, request))).to.deep.equal([request]);
    });

    it('reads, as the run did, where it had only waited to deliver', async () => {
      expect(await handOver({ toBlock: 9 }, () => insert({ deliverOnly: true }))).to.deep.equal([{ toBlock: 9 }]);
    });

    it('delivers, too, where the run only delivered', async () => {
      const waits = await handOver({ deliverOnly: true }, () => insert({ toBlock: 9 }));
      expect(waits).to.deep.equal([{ toBlock: 9 }]);
    });
  });

  it('needs its pipeline', async () => {
    await rejectionOf(queueTask(database, 999, {}), NotFoundError);
  });

  it('waits for a worker where none is alive', async () => {
    const { taskId } = await queueTask(database, 45, {});
    expect(await waiting(taskId)).to.deep.equal({ kind: 'no_worker' });
    const id = await makeWorker(0);
    expect(await waiting(taskId)).to.deep.equal({ kind: 'soon' });
    await workers.end(id);
    expect(await waiting(taskId)).to.deep.equal({ kind: 'no_worker' });
    const silent = await makeWorker(0);
    await database.write([
      database
        .knex('worker')
        .where({ id: silent })
        .update({ last_heartbeat: database.dialect.secondsAgo(database.knex, 20) }),
    ]);
    expect(await waiting(taskId)).to.deep.equal({ kind: 'no_worker' });
  });

  it('waits for room where every living worker is full', async () => {
    const { taskId } = await queueTask(database, 45, {});
    await makeWorker(2);
    const other = await makeWorker(2);
    expect(await waiting(taskId)).to.deep.equal({ kind: 'full', workers: 2 });
    await workers.beat(other, { running: 1 });
    expect(await waiting(taskId)).to.deep.equal({ kind: 'soon' });
  });

  it('waits for a worker that can run it, with what one has said, until it begins', async () => {
    const { taskId } = await queueTask(database, 45, {});
    await makeWorker(0);
    await new TaskQueue(database, 30).keepReason(taskId, "here:1: no RPC URL is set for chain 'bsc'");
    expect(await waiting(taskId)).to.deep.equal({
      kind: 'unfit',
      reason: "here:1: no RPC URL is set for chain 'bsc'",
    });
    await database.write([database.knex('pipeline_checkpoint').insert({ pipeline_id: 45, version: 0 })]);
    await new TaskStore(database).claim(claimRequest({ queuedTaskId: taskId }));
    const [row] = await database.read<{ waiting_for: string | null }[]>((knex) => knex('pipeline_task'));
    expect(row?.waiting_for).to.equal(null);
  });
});
