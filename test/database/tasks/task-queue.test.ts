import { expect } from 'chai';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { FenceError } from '../../../src/database/script.js';
import { TaskQueue } from '../../../src/database/tasks/task-queue.js';
import { readBeside } from '../../../src/database/task-steps/queue-task.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { ClaimRequest } from '../../../src/database/tasks/claim-steps.js';
import type { RunRequest } from '../../../src/model/run-request.js';
import { taskStatus } from '../../../src/model/task.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { ageTask } from '../aged-task.js';
import { claimRequest } from '../claim-request.js';

eachDatabase('the queue of tasks', (databases) => {
  let database: Database;
  let queue: TaskQueue;
  let tasks: TaskStore;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    queue = new TaskQueue(database, 30);
    tasks = new TaskStore(database);
  });
  beforeEach(async () => {
    await database.write([database.knex('pipeline_task').delete(), database.knex('pipeline_checkpoint').delete()]);
    for (const id of [45, 46, 47]) await new CheckpointStore(database).get(id);
  });
  after(() => database.close());

  /** As another program may, even where a task of the pipeline waits. */
  const add = async (pipelineId: number, request: RunRequest): Promise<number> => {
    const { knex, dialect } = database;
    const asked = Object.keys(request).length === 0 ? null : JSON.stringify(request);
    const row = {
      pipeline_id: pipelineId,
      create_time: dialect.now(knex),
      status: 3,
      log_path: '',
      run_options: asked,
    };
    const [result] = await database.write([knex('pipeline_task').insert(row)]);
    return result?.insertId ?? 0;
  };
  const claim = (changes: Partial<ClaimRequest>): Promise<number> => tasks.claim(claimRequest(changes));
  const outcomeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'done',
      (error: unknown) => (error instanceof FenceError ? 'fenced' : error),
    );
  const claimable = async (
    limit = 10,
    except: readonly number[] = [],
    heardForSeconds?: number,
  ): Promise<readonly string[]> =>
    (await queue.listClaimable(limit, except, heardForSeconds)).map(
      ({ taskId, pipelineId }) => `${pipelineId}:${taskId}`,
    );

  it('tells what tasks that wait are to run with', async () => {
    const plain = await add(45, {});
    const asked = await add(45, { mode: 'historical', fromBlock: 7, toBlock: 9, fresh: true });
    expect(await tasks.get(plain)).to.include({ pipelineId: 45, status: 3, logPath: null, lastHeartbeat: null });
    expect((await queue.asked(plain)).request).to.deep.equal({});
    expect((await queue.asked(asked)).request).to.deep.equal({
      mode: 'historical',
      fromBlock: 7,
      toBlock: 9,
      fresh: true,
    });
    expect((await queue.asked(999_999)).request).to.deep.equal({});
  });

  it('gives of each pipeline the task that waits longest, and of some pipelines none', async () => {
    const [a, , b, c] = [await add(46, {}), await add(46, {}), await add(45, {}), await add(47, {})];
    expect(await claimable()).to.deep.equal([`46:${a}`, `45:${b}`, `47:${c}`]);
    expect(await claimable(1)).to.deep.equal([`46:${a}`]);
    expect(await claimable(10, [46, 47])).to.deep.equal([`45:${b}`]);
  });

  it('gives shards behind all pipelines, those first that join first, but for the next, however long they have waited', async () => {
    const { knex, dialect } = database;
    const wait = async (pipelineId: number, shard: number): Promise<number> => {
      const row = { pipeline_id: pipelineId, shard, create_time: dialect.now(knex), status: 3, log_path: '' };
      return (await database.write([knex('pipeline_task').insert(row)]))[0]?.insertId ?? 0;
    };
    const [third, fourth, second] = [await wait(45, 3), await wait(45, 4), await wait(45, 2)];
    const alone = await wait(46, 5);
    const [own, other] = [await add(46, {}), await add(45, {})];
    const shards = [`45:${third}`, `45:${fourth}`, `45:${second}`, `46:${alone}`];
    expect(await claimable()).to.deep.equal([`46:${own}`, `45:${other}`, ...shards]);
    expect(await claimable(2)).to.deep.equal([`46:${own}`, `45:${other}`]);
  });

  it('gives no task of a pipeline that somebody holds and beats for', async () => {
    const holder = await claim({});
    const waiting = await add(45, {});
    expect(await claimable()).to.deep.equal([]);
    await ageTask(database, holder, { created: 1_000, heartbeat: 91 });
    expect(await claimable()).to.deep.equal([`45:${waiting}`]);
    await tasks.cancel(holder);
    expect(await claimable()).to.deep.equal([`45:${waiting}`]);
  });

  it('gives no task behind one that runs, however silent, before three of its own beats could be heard, and all others', async () => {
    const holder = await claim({});
    const [behind, free] = [await add(45, {}), await add(46, {})];
    await ageTask(database, holder, { created: 1_000, heartbeat: 500 });
    for (const heardFor of [0, 89]) expect(await claimable(10, [], heardFor)).to.deep.equal([`46:${free}`]);
    for (const heardFor of [90, Infinity])
      expect(await claimable(10, [], heardFor)).to.deep.equal([`45:${behind}`, `46:${free}`]);
    await database.write([database.knex('pipeline_task').where({ id: holder }).update({ heartbeat_interval: null })]);
    expect(await claimable(10, [], 89), 'by the settings').to.deep.equal([`46:${free}`]);
    expect(await claimable(10, [], 90)).to.deep.equal([`45:${behind}`, `46:${free}`]);
    await tasks.cancel(holder);
    expect(await claimable(10, [], 0)).to.deep.equal([`45:${behind}`, `46:${free}`]);
  });

  it('lets one of many workers begin a task, as alive as one that has just been made', async () => {
    const id = await add(45, {});
    await ageTask(database, id, { created: 5_000, heartbeat: null });
    const claims = ['a:1', 'b:2', 'c:3', 'd:4'].map((worker) => outcomeOf(claim({ queuedTaskId: id, worker })));
    expect((await Promise.all(claims)).sort()).to.deep.equal(['done', 'fenced', 'fenced', 'fenced']);
    const task = await tasks.get(id);
    expect(task).to.include({ status: taskStatus.running, logPath: `logs/pipeline_${id}.log`, heartbeatInterval: 30 });
    expect(task.silentSeconds).to.be.within(0, 5);
    expect((await new CheckpointStore(database).get(45)).taskId).to.equal(id);
    expect(await claimable()).to.deep.equal([]);
  });

  it('lets nobody begin a task that was stopped, or that is of another pipeline', async () => {
    const id = await add(45, {});
    expect(await outcomeOf(claim({ queuedTaskId: id, pipelineId: 46 }))).to.equal('fenced');
    expect(await tasks.cancel(id)).to.equal(true);
    expect(await outcomeOf(claim({ queuedTaskId: id }))).to.equal('fenced');
    expect(await tasks.get(id)).to.include({ status: 1, endReason: 'stopped' });
  });

  it('begins nothing where another took the pipeline in between', async () => {
    const id = await add(45, {});
    const other = await claim({});
    expect(await outcomeOf(claim({ queuedTaskId: id, holder: null }))).to.equal('fenced');
    expect(await tasks.get(id)).to.include({ status: taskStatus.queued });
    await tasks.cancel(other);
    expect(await claim({ queuedTaskId: id, holder: other })).to.equal(id);
  });

  it('begins no task that is asked for something else by now, or by another definition', async () => {
    const id = await add(45, { follows: true });
    const asked = await queue.asked(id);
    const begin = (): Promise<unknown> => outcomeOf(claim({ queuedTaskId: id, asked }));
    const component = { pipeline_id: 45, name: 's', type: 'event_monitor', config: '{}', position: 0 };
    const [imported] = await database.write([database.knex('pipeline_component').insert(component)]);
    expect(await begin(), 'another definition').to.equal('fenced');
    await database.write([database.knex('pipeline_component').where({ id: imported?.insertId }).delete()]);
    await database.write(readBeside(database, 45, { fromBlock: 7 }));
    expect(await begin(), 'another request').to.equal('fenced');
    expect(await tasks.get(id)).to.include({ status: 3 });
    expect(await outcomeOf(claim({ queuedTaskId: id, asked: await queue.asked(id) }))).to.equal('done');
  });

  it('makes a task that had waited the newest, although a later one has run before it', async () => {
    const waited = await add(45, {});
    const later = await claim({});
    expect((await tasks.getNewest(45))?.id).to.equal(later);
    await tasks.finish(later, { status: taskStatus.succeeded, endReason: 'completed', error: null }, null);
    expect((await tasks.getNewest(45))?.id).to.equal(later);
    await claim({ queuedTaskId: waited, holder: later });
    expect((await tasks.getNewest(45))?.id).to.equal(waited);
    await tasks.finish(waited, { status: taskStatus.failed, endReason: 'error', error: 'oh' }, null);
    expect((await tasks.getNewest(45))?.id).to.equal(waited);
    const newest = await claim({ holder: waited });
    expect((await tasks.getNewest(45))?.id).to.equal(newest);
  });

  it('replaces the dead holder of the pipeline whose task begins', async () => {
    const dead = await claim({});
    await ageTask(database, dead, { created: 1_000, heartbeat: 500 });
    const id = await add(45, {});
    const replaces = { taskId: dead, silentForSeconds: 90, reason: 'silent' };
    await claim({ queuedTaskId: id, holder: dead, replaces });
    expect(await tasks.get(dead)).to.include({ status: 2, endReason: 'taken_over' });
    expect(await tasks.get(id)).to.include({ status: 0 });
  });
});
