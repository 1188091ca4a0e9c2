import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { EventStore } from '../../../src/database/events/event-store.js';
import { JournalStore } from '../../../src/database/events/journal-store.js';
import { ShardRows } from '../../../src/database/events/shard-rows.js';
import { ShardStore } from '../../../src/database/events/shard-store.js';
import { StoredBlocks } from '../../../src/database/events/stored-blocks.js';
import { Migrator } from '../../../src/database/schema/migrator.js';
import { FenceError } from '../../../src/database/script.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { TaskQueue } from '../../../src/database/tasks/task-queue.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { Shard } from '../../../src/model/shard.js';
import { taskStatus } from '../../../src/model/task.js';
import { ConflictError, LeaseLostError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { ageTask } from '../aged-task.js';
import { claimRequest } from '../claim-request.js';
import { giveAnew, here } from '../given-anew.js';
import { exampleBatch, exampleCommit, hashOf, noProgress } from '../example-batch.js';

eachDatabase('shards', (databases) => {
  let database: Database;
  let store: ShardStore;
  let tasks: TaskStore;
  let checkpoints: CheckpointStore;
  let pipelineId = 800;
  let taskId: number;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    store = new ShardStore(database, here);
    tasks = new TaskStore(database);
    checkpoints = new CheckpointStore(database);
  });
  beforeEach(async () => {
    pipelineId += 1;
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    const pipeline = { id: pipelineId, name: `p${pipelineId}`, create_time: now, update_time: now };
    await database.write([knex('pipeline').insert(pipeline)]);
    await checkpoints.get(pipelineId);
    taskId = await tasks.claim(claimRequest({ pipelineId, keepsRemoved: true }));
    await append(1, 9, 0);
    await cut();
  });
  after(() => database.close());

  const refOf = (number: number) => ({ number, hash: hashOf(`block ${number}`) });
  const append = (from: number, to: number, version: number): Promise<void> =>
    new BatchStore(database).commit(exampleCommit({ pipelineId, taskId, version, batch: exampleBatch(from, to) }));
  /** Blocks 20 to 29 are shard 2's, 30 to 39 shard 3's. */
  const cut = (version = 1): Promise<void> =>
    store.cut(
      { pipelineId, taskId, version },
      {
        chainId: 1,
        definition: 'a'.repeat(64),
        stretches: [
          { after: refOf(19), toBlock: 29 },
          { after: refOf(29), toBlock: 39 },
        ],
      },
    );
  const shard = async (number: number): Promise<Shard> => {
    const found = await store.find(pipelineId, number);
    if (found === null) throw new Error(`there is no shard ${number}`);
    return found;
  };
  const queuedOf = async (number: number): Promise<number> => {
    const [row] = await database.read<{ id: number }[]>((knex) =>
      knex('pipeline_task').where({ pipeline_id: pipelineId, shard: number, status: taskStatus.queued }),
    );
    return row?.id ?? 0;
  };
  const claim = async (number: number): Promise<number> => {
    const { taskId: holder } = await shard(number);
    const queuedTaskId = await queuedOf(number);
    const waits = queuedTaskId === 0 ? {} : { queuedTaskId };
    return tasks.claim(claimRequest({ pipelineId, shard: number, holder, ...waits }));
  };
  const commit = async (by: number, number: number, from: number, to: number, version?: number): Promise<void> => {
    const read = await shard(number);
    const batch = exampleBatch(from, to);
    const given = { pipelineId, taskId: by, version: version ?? read.version, batch };
    await new ShardRows(database, read, here).commit(exampleCommit(given));
  };
  const join = async (
    number: number,
    version: number,
    replaces: Parameters<ShardStore['join']>[0]['replaces'] = null,
  ) =>
    store.join({ guard: { pipelineId, taskId, version }, shard: await shard(number), replaces, progress: noProgress });
  const seen = async (): Promise<readonly number[]> => {
    const numbers: number[] = [];
    for await (const page of new EventStore(database).pages({ pipelineId })) {
      numbers.push(...page.map(({ blockNumber }) => blockNumber));
    }
    return numbers;
  };
  const told = async (from: number, to: number): Promise<readonly number[]> => {
    const numbers: number[] = [];
    for await (const page of new JournalStore(database).difference(pipelineId, { from, to })) {
      numbers.push(...page.events.map(({ blockNumber }) => blockNumber));
    }
    return numbers;
  };
  const version = async (): Promise<number> => (await checkpoints.get(pipelineId)).version;
  const range = (from: number, to: number): readonly number[] =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('are cut with a task for each that waits beside the one of the pipeline, and are claimed one by one', async () => {
    expect(await store.list(pipelineId)).to.have.length(2);
    const claimable = await new TaskQueue(database, 30).listClaimable(1_000, []);
    const ours = claimable.filter((task) => task.pipelineId === pipelineId).map((task) => task.shard);
    expect(ours).to.have.members([2, 3]);
    const reader = await claim(2);
    expect((await shard(2)).taskId).to.equal(reader);
    expect((await checkpoints.get(pipelineId)).taskId).to.equal(taskId);
    expect((await tasks.getNewest(pipelineId))?.id).to.equal(taskId);
    expect((await tasks.getNewest(pipelineId, 2))?.id).to.equal(reader);
    expect(await tasks.get(reader)).to.include({ shard: 2 });
    const rest = (await new TaskQueue(database, 30).listClaimable(1_000, [])).filter(
      (task) => task.pipelineId === pipelineId,
    );
    expect(rest.map((task) => task.shard)).to.deep.equal([3]);
  });

  it('are cut only by who holds the pipeline, where the checkpoint is', async () => {
    await store.drop(pipelineId, taskId);
    await rejectionOf(cut(0), FenceError);
    await tasks.finish(taskId, { status: taskStatus.failed, endReason: 'error', error: null }, null);
    await rejectionOf(cut(1), FenceError);
    expect(await store.list(pipelineId)).to.deep.equal([]);
  });

  it('commit rows that no reader sees, and no sink, before they have joined', async () => {
    await commit(await claim(2), 2, 20, 29);
    expect(await seen()).to.deep.equal(range(1, 9));
    expect(await new BatchStore(database).newestStoredBlock(pipelineId)).to.equal(9);
    expect((await new StoredBlocks(database).newest(pipelineId, 1_000))?.number).to.equal(9);
    expect(await told(0, await version())).to.deep.equal(range(1, 9));
  });

  it('join in order, each in one step, and are told of once whatever was kept of the journal', async () => {
    const [second, third] = [await claim(2), await claim(3)];
    await commit(third, 3, 30, 39);
    await commit(second, 2, 20, 25);
    await commit(second, 2, 26, 29);
    await append(10, 19, 1);
    await rejectionOf(join(3, 2), FenceError);
    const before = await version();
    await join(2, before);
    const between = await version();
    await join(3, between);
    expect(await seen()).to.deep.equal(range(1, 39));
    expect(await checkpoints.get(pipelineId)).to.deep.include({ startBlock: 1, blockNumber: 39, taskId });
    expect(await told(before, between)).to.deep.equal(range(20, 29));
    expect(await told(between, await version())).to.deep.equal(range(30, 39));
    expect(await told(0, await version())).to.deep.equal(range(1, 39));
    await database.write([
      database.knex('pipeline_commit').where({ pipeline_id: pipelineId }).where('version', '<=', before).delete(),
    ]);
    expect(await new JournalStore(database).reachesBack(pipelineId, before)).to.equal(true);
    expect(await new JournalStore(database).reachesBack(pipelineId, before - 1)).to.equal(false);
    expect(await told(before, await version())).to.deep.equal(range(20, 39));
    expect(await store.list(pipelineId)).to.deep.equal([]);
    expect(await checkpoints.recentBlocks(pipelineId)).to.deep.equal([]);
    await append(40, 41, await version());
    expect(await seen()).to.deep.equal(range(1, 41));
  });

  it('let nobody commit who has lost them: another task, another version, a task that has ended', async () => {
    const first = await claim(2);
    await commit(first, 2, 20, 22);
    await rejectionOf(commit(first, 2, 23, 24, 0), FenceError);
    const second = await claim(2);
    await rejectionOf(commit(first, 2, 23, 24), FenceError);
    await commit(second, 2, 23, 24);
    await tasks.finish(second, { status: taskStatus.failed, endReason: 'timeout', error: null }, null);
    await rejectionOf(commit(second, 2, 25, 26), FenceError);
    expect((await shard(2)).block).to.deep.equal(refOf(24));
  });

  it('let nobody commit whose task’s id was given to another process', async () => {
    const reader = await claim(2);
    await commit(reader, 2, 20, 22);
    await giveAnew(database, reader);
    await rejectionOf(commit(reader, 2, 23, 24), FenceError);
    expect((await shard(2)).block).to.deep.equal(refOf(22));
    expect((await tasks.get(reader)).worker).to.equal('there:2');
  });

  it('are neither joined, nor queued again, nor given up, nor cut by whose task’s id was given to another process', async () => {
    await commit(await claim(2), 2, 20, 29);
    await append(10, 19, 1);
    await giveAnew(database, taskId);
    await rejectionOf(join(2, 2), FenceError);
    await rejectionOf(store.queue(await shard(3), taskId, 30), FenceError);
    await rejectionOf(store.drop(pipelineId, taskId), FenceError);
    await rejectionOf(cut(2), FenceError);
    expect((await store.list(pipelineId)).map(({ isDropped }) => isDropped)).to.deep.equal([false, false]);
    expect(await seen()).to.deep.equal(range(1, 19));
  });

  it('join as far as they have been read where nobody reads them, and whoever did can commit no more', async () => {
    const reader = await claim(2);
    await commit(reader, 2, 20, 24);
    await append(10, 19, 1);
    const stale = new ShardRows(database, await shard(2), null);
    const late = exampleCommit({ pipelineId, taskId: reader, version: 1, batch: exampleBatch(25, 26) });
    const silent = { taskId: reader, silentForSeconds: 90, reason: 'silent' };
    await rejectionOf(join(2, 2, silent), FenceError);
    await ageTask(database, reader, { created: 1_000, heartbeat: 1_000 });
    await join(2, 2, silent);
    expect(await tasks.get(reader)).to.include({ status: taskStatus.failed, endReason: 'taken_over' });
    await rejectionOf(stale.commit(late), FenceError);
    await rejectionOf(stale.get(pipelineId), LeaseLostError);
    expect(await seen()).to.deep.equal(range(1, 24));
    expect((await checkpoints.get(pipelineId)).blockNumber).to.equal(24);
  });

  it('are gone on with by their pipeline where their turn comes before a worker had room, and nobody has stopped them', async () => {
    const waiting = await queuedOf(2);
    await append(10, 19, 1);
    await join(2, 2);
    expect(await tasks.get(waiting)).to.include({ status: taskStatus.succeeded, endReason: 'handed_over' });
    expect(await queuedOf(3)).to.be.greaterThan(0);
  });

  it('join nothing where they have moved since they were looked at, or the checkpoint has', async () => {
    const reader = await claim(2);
    await commit(reader, 2, 20, 24);
    await append(10, 19, 1);
    const seenBefore = await shard(2);
    await commit(reader, 2, 25, 26);
    const guard = { pipelineId, taskId, version: 2 };
    await rejectionOf(store.join({ guard, shard: seenBefore, replaces: null, progress: noProgress }), FenceError);
    await rejectionOf(join(2, 1), FenceError);
    await tasks.finish(taskId, { status: taskStatus.failed, endReason: 'error', error: null }, null);
    await rejectionOf(join(2, 2), FenceError);
    expect(await seen()).to.deep.equal(range(1, 19));
  });

  it('leave nothing behind when they are given up, and cost nobody else a row', async () => {
    const reader = await claim(2);
    await commit(reader, 2, 20, 29);
    const late = exampleCommit({ pipelineId, taskId: reader, version: 1, batch: exampleBatch(30, 31) });
    const rows = new ShardRows(database, await shard(2), null);
    await rejectionOf(store.drop(pipelineId, taskId + 1_000), FenceError);
    await store.drop(pipelineId, taskId);
    await rejectionOf(rows.commit(late), FenceError);
    const [left] = await database.read<{ total: number }[]>((knex) =>
      knex('event').where({ pipeline_id: pipelineId }).where('block_number', '>', 9).count({ total: '*' }),
    );
    expect(left?.total).to.equal(0);
    expect(await database.read((knex) => knex('event_removed').where({ pipeline_id: pipelineId }))).to.deep.equal([]);
    expect(await tasks.get(reader)).to.include({ status: taskStatus.succeeded, endReason: 'stopped' });
    expect(await queuedOf(3)).to.equal(0);
    expect((await tasks.get(taskId)).status).to.equal(taskStatus.running);
    await cut(1);
    await commit(await claim(2), 2, 20, 29);
  });

  it('are queued again where nobody reads them or waits to, and not once they are read or gone', async () => {
    expect(await store.listIdle(pipelineId, 30)).to.deep.equal([]);
    const reader = await claim(2);
    expect(await store.listIdle(pipelineId, 30)).to.deep.equal([]);
    await tasks.finish(reader, { status: taskStatus.failed, endReason: 'error', error: null }, null);
    const [idle] = await store.listIdle(pipelineId, 30);
    expect(idle?.number).to.equal(2);
    await store.queue(idle!, taskId, 30);
    await store.queue(idle!, taskId, 30);
    expect(await store.listIdle(pipelineId, 30)).to.deep.equal([]);
    const again = await claim(2);
    expect(await queuedOf(2)).to.equal(0);
    await tasks.handOver({ id: again, pipelineId, shard: 2, progress: null, request: {} });
    await commit(await claim(2), 2, 20, 29);
    const read = await shard(2);
    await append(10, 19, 1);
    await join(2, 2);
    await store.queue(read, taskId, 30);
    expect(await queuedOf(2)).to.equal(0);
  });

  it('are not queued again while their pipeline is disabled', async () => {
    const pipelines = new PipelineStore(database);
    await pipelines.setDisabled(pipelineId, true);
    expect(await queuedOf(2)).to.equal(0);
    await store.queue(await shard(2), taskId, 30);
    expect(await queuedOf(2)).to.equal(0);
    await pipelines.setDisabled(pipelineId, false);
    await store.queue(await shard(2), taskId, 30);
    expect(await queuedOf(2)).to.be.greaterThan(0);
  });

  it('are not queued again by a task of the pipeline that runs no longer', async () => {
    const [, second] = [await tasks.cancel(await claim(2)), await shard(2)];
    await rejectionOf(store.queue(second, taskId, 30), FenceError);
    expect(await queuedOf(2)).to.equal(0);
  });

  it('end with the pipeline when one of its tasks is cancelled', async () => {
    const reader = await claim(2);
    await tasks.cancel(reader);
    for (const id of [reader, taskId]) expect(await tasks.get(id)).to.include({ endReason: 'stopped' });
    expect(await queuedOf(3)).to.equal(0);
  });

  it('keep their migration from being rolled back', async () => {
    const error = await rejectionOf(
      new Migrator(database).down(() => undefined, true),
      ConflictError,
    );
    expect(error.message).to.match(/0021-shards can't be rolled back: shards of pipeline .*\d+/);
  });
});
