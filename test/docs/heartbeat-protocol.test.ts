import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { TimeoutStore } from '../../src/database/tasks/timeout-store.js';
import type { Task } from '../../src/model/task.js';
import { LeaseHeldError } from '../../src/runtime/errors.js';
import { claimTask } from '../../src/tasks/lease/claim-task.js';
import { ageTask } from '../database/aged-task.js';
import { giveAnew } from '../database/given-anew.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { ProtocolClient } from '../support/protocol.js';
import { claimOptions, storesOf } from '../tasks/run/task-fixture.js';
import { rejectionOf } from '../support/rejection.js';

interface Checkpoint {
  readonly task_id: number | null;
  readonly version: number;
  readonly block_number: number | null;
}

interface Newest {
  readonly id: number;
  readonly status: number;
  readonly silent_seconds: number;
}

const rule = { timeoutSeconds: 3_600, heartbeatIntervalSeconds: 30 };
const always = '9999-12-31 00:00:00';

eachDatabase('the protocol as docs/heartbeat-protocol.md has it', (testDatabase) => {
  let database: Database;
  let tasks: TaskStore;
  let client: ProtocolClient;
  let pipelineId = 900;

  before(async () => {
    database = await openMigrated(await testDatabase.fresh());
    tasks = new TaskStore(database);
    client = await ProtocolClient.connect(testDatabase.url());
    await database.knex.raw('CREATE TABLE my_rows (pipeline_id INT, block_number INT, value INT)');
  });
  after(async () => {
    await client.close();
    await database.close();
  });
  beforeEach(() => (pipelineId += 1));

  const look = async (): Promise<{ readonly checkpoint: Checkpoint; readonly newest: Newest | undefined }> => {
    const found = await client.run('look', { pipeline_id: pipelineId });
    const [[checkpoint], [newest]] = found as [[Checkpoint], [Newest | undefined]];
    return { checkpoint, newest };
  };
  const claimant = { worker: 'python/1', heartbeat_interval: 2 };
  const claim = async (holder: number | null): Promise<boolean> =>
    (await client.run('claim', { ...claimant, pipeline_id: pipelineId, holder })) !== null;
  const claimed = async (): Promise<number> => {
    expect(await claim((await look()).checkpoint.task_id)).to.equal(true);
    return (await look()).newest?.id ?? 0;
  };
  const takeOver = async (old: number, holder: number | null): Promise<boolean> => {
    const values = { ...claimant, pipeline_id: pipelineId, holder, old_task_id: old, limit_seconds: 6 };
    return (await client.run('take-over', { ...values, reason: 'taken over by python/1' })) !== null;
  };
  const beat = async (id: number): Promise<boolean> =>
    (await client.run('beat', { task_id: id, worker: claimant.worker })) !== null;
  const commit = async (id: number, version: number, value: number): Promise<boolean> => {
    const values = { pipeline_id: pipelineId, task_id: id, version, block_number: version + 1, value };
    return (await client.run('commit', { ...values, worker: claimant.worker })) !== null;
  };
  const ended = { status: 1, end_reason: 'completed', error: null };
  const finish = async (id: number): Promise<boolean> =>
    (await client.run('finish', { ...ended, task_id: id, worker: claimant.worker })) !== null;
  const rows = (): Promise<number[]> =>
    database.read((knex) => knex('my_rows').where({ pipeline_id: pipelineId }).orderBy('value').pluck('value'));
  const timeout = async (deadline: string): Promise<void> => {
    const { timeoutSeconds: timeout_seconds, heartbeatIntervalSeconds: heartbeat_interval } = rule;
    await client.run('timeout', { timeout_seconds, heartbeat_interval, reason: 'failed by a monitor', deadline });
  };
  const outcomes = async (ids: readonly number[]): Promise<readonly string[]> => {
    const found = await Promise.all(ids.map((id) => tasks.get(id)));
    return found.map(({ status, endReason }: Task) => `${status} ${endReason ?? '-'}`);
  };

  it('claims a pipeline once, as a task that chainparse knows', async () => {
    expect(await look()).to.deep.equal({
      checkpoint: { task_id: null, version: 0, block_number: null },
      newest: undefined,
    });
    expect(await claim(null)).to.equal(true);
    expect(await claim(null)).to.equal(false);
    const { checkpoint, newest } = await look();
    expect(newest).to.include({ id: checkpoint.task_id, status: 0, heartbeat_interval: 2 });
    expect(newest?.silent_seconds).to.be.within(0, 2);
    const task = await tasks.get(newest?.id ?? 0);
    expect(task).to.include({ pipelineId, lastHeartbeat: null, worker: 'python/1', endReason: null });
    const [taskStore, checkpoints] = storesOf(database);
    const second = claimTask(taskStore, checkpoints, claimOptions({ pipelineId }));
    await rejectionOf(second, LeaseHeldError);
  });

  it('beats, also twice in a second, until the task has ended', async () => {
    const id = await claimed();
    expect([await beat(id), await beat(id)]).to.deep.equal([true, true]);
    expect((await tasks.get(id)).heartbeatAgeSeconds).to.be.within(0, 2);
    await tasks.cancel(id);
    expect(await beat(id)).to.equal(false);
    expect(await finish(id)).to.equal(false);
    expect(await outcomes([id])).to.deep.equal(['1 stopped']);
  });

  it('takes over from the silent and from nobody else, and the old one can write nothing any more', async () => {
    const old = await claimed();
    await beat(old);
    expect(await takeOver(old, old)).to.equal(false);
    await ageTask(database, old, { created: 100, heartbeat: 7 });
    expect(await takeOver(old, old)).to.equal(true);
    const { checkpoint, newest } = await look();
    expect(newest?.id).to.equal(checkpoint.task_id).and.be.greaterThan(old);
    expect(await outcomes([old, newest?.id ?? 0])).to.deep.equal(['2 taken_over', '0 -']);
    expect([await beat(old), await commit(old, 0, 1)]).to.deep.equal([false, false]);
    expect([await rows(), (await look()).checkpoint.version]).to.deep.equal([[], 0]);
  });

  it('finds who runs under a lower id than one that has ended, and takes over from it alone', async () => {
    const queued = await insertSilentTask(database, 100, { status: 3, pipeline_id: pipelineId });
    const since = await claimed();
    expect(await finish(since)).to.equal(true);
    const shard = await insertSilentTask(database, 0, { pipeline_id: pipelineId, shard: 1 });
    await database.write([database.knex('pipeline_task').where({ id: queued }).update({ status: 0 })]);
    await database.write([
      database.knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }).update({ task_id: queued }),
    ]);
    expect((await look()).newest).to.include({ id: queued, status: 0 });
    expect(await takeOver(queued, queued)).to.equal(true);
    expect(await outcomes([queued, since, shard])).to.deep.equal(['2 taken_over', '1 completed', '0 -']);
    const { checkpoint, newest } = await look();
    expect(newest?.id).to.equal(checkpoint.task_id);
    const late = await insertSilentTask(database, 0, { pipeline_id: pipelineId, status: 1, end_reason: 'completed' });
    expect(await finish(newest?.id ?? 0)).to.equal(true);
    expect((await look()).newest?.id, 'the one that held it last')
      .to.equal(newest?.id)
      .and.be.lessThan(late);
  });

  it('takes over from no task of a shard', async () => {
    const shard = await insertSilentTask(database, 0, { pipeline_id: pipelineId, shard: 1 });
    const old = await claimed();
    await ageTask(database, old, { created: 100, heartbeat: 7 });
    expect(await takeOver(old, old)).to.equal(true);
    expect(await outcomes([shard, old])).to.deep.equal(['0 -', '2 taken_over']);
  });

  it('takes over from one that never beat by its creation time', async () => {
    const old = await claimed();
    await ageTask(database, old, { created: 7, heartbeat: null });
    expect(await takeOver(old, old + 1)).to.equal(false);
    expect(await outcomes([old])).to.deep.equal(['0 -']);
    expect(await takeOver(old, old)).to.equal(true);
  });

  it('neither beats, commits nor ends what another process was given under the same id', async () => {
    const id = await claimed();
    await giveAnew(database, id);
    expect([await beat(id), await commit(id, 0, 1), await finish(id)]).to.deep.equal([false, false, false]);
    expect([await rows(), (await look()).checkpoint.version, await outcomes([id])]).to.deep.equal([[], 0, ['0 -']]);
  });

  it('commits once what is sent twice', async () => {
    const id = await claimed();
    expect([await commit(id, 0, 10), await commit(id, 0, 11), await commit(id, 1, 20)]).to.deep.equal([
      true,
      false,
      true,
    ]);
    expect(await rows()).to.deep.equal([10, 20]);
    expect((await look()).checkpoint).to.deep.equal({ task_id: id, version: 2, block_number: 2 });
    expect([await finish(id), await finish(id)]).to.deep.equal([true, false]);
    expect([await commit(id, 2, 30), await rows()]).to.deep.equal([false, [10, 20]]);
  });

  it('times out whom chainparse’s monitor would, before its deadline', async () => {
    await database.write([database.knex('pipeline_task').delete()]);
    const ids = [
      await insertSilentTask(database, 3_700),
      await insertSilentTask(database, 3_500),
      await insertSilentTask(database, 3_700, {}, false),
      await insertSilentTask(database, 200, { timeout_minutes: 1.5 }),
      await insertSilentTask(database, 3_700, { timeout_minutes: 90 }),
      await insertSilentTask(database, 3_700, { heartbeat_interval: 2_000 }),
      await insertSilentTask(database, 3_700, { status: 3 }),
    ];
    const silent = (await new TimeoutStore(database).listSilent(rule, 0, 200)).map(({ id }) => id);
    expect(silent).to.deep.equal([ids[0], ids[2], ids[3]]);
    await timeout('2024-01-15 10:00:00');
    expect((await tasks.list({ status: 2, limit: 9, offset: 0 })).total).to.equal(0);
    await timeout(always);
    const failed = (await tasks.list({ status: 2, limit: 9, offset: 0 })).tasks;
    expect(failed.map(({ id }) => id).sort((a, b) => a - b)).to.deep.equal(silent);
    expect(failed.every(({ endReason, endTime }) => endReason === 'timeout' && endTime !== null)).to.equal(true);
  });
});
