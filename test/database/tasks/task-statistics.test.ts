import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { listSilentTasks, readTaskStatistics } from '../../../src/database/tasks/task-statistics.js';
import { TestPipelineStore } from '../../../src/database/pipelines/test-pipeline-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { insertSilentTask } from '../insert-silent-task.js';

const window = { windowSeconds: 600, longerThanSeconds: 1_500 };

eachDatabase('the statistics of tasks', (databases) => {
  let database: Database;

  before(async () => (database = await openMigrated(await databases.fresh())));
  after(() => database.close());
  beforeEach(async () => {
    await database.write([database.knex('pipeline_task').delete()]);
  });

  async function insertEnded(secondsAgo: number, endReason: string, pipeline_id = 45): Promise<void> {
    const { knex, dialect } = database;
    const end_time = dialect.secondsAgo(knex, secondsAgo);
    const row = { pipeline_id, create_time: end_time, status: 2, log_path: '', end_time, end_reason: endReason };
    await database.write([knex('pipeline_task').insert(row)]);
  }

  it('count those that run, and those of them that run for long', async () => {
    expect(await readTaskStatistics(database, window)).to.deep.equal({
      running: 0,
      runningLonger: 0,
      ended: 0,
      timedOut: 0,
      timeoutRate: null,
    });
    // Created a thousand seconds before their last beat.
    await insertSilentTask(database, 10);
    await insertSilentTask(database, 600);
    expect(await readTaskStatistics(database, window)).to.deep.include({ running: 2, runningLonger: 1 });
  });

  it('count what ended within the window only', async () => {
    for (const secondsAgo of [5, 100, 590]) await insertEnded(secondsAgo, 'timeout');
    await insertEnded(50, 'completed');
    for (const secondsAgo of [605, 10_000]) await insertEnded(secondsAgo, 'timeout');
    expect(await readTaskStatistics(database, window)).to.deep.include({ ended: 4, timedOut: 3, timeoutRate: 0.75 });
  });

  it('count no task of a shard that ended before it had begun', async () => {
    for (const end_reason of ['stopped', 'handed_over']) {
      const ended = { status: 1, end_reason, end_time: database.dialect.secondsAgo(database.knex, 5) };
      for (const shard of [0, 1]) await insertSilentTask(database, 10, { ...ended, shard }, false);
      await insertSilentTask(database, 10, { ...ended, shard: 1, worker: 'there:7' });
    }
    // One that a person had asked for counts, and one that a worker had.
    expect(await readTaskStatistics(database, window)).to.deep.include({ ended: 4 });
  });

  it('read no more of the table than the window holds', async () => {
    const { knex, dialect } = database;
    const ended = knex('pipeline_task').where('end_time', '>=', dialect.secondsAgo(knex, 600)).select('end_reason');
    // So few rows PostgreSQL would rather read all.
    if (dialect.name === 'postgres') await database.read(() => knex.raw('SET enable_seqscan = off'));
    expect((await database.explain(ended)).index).to.equal('idx_pipeline_task_ended');
  });

  it('list those that are silent for more than three of their intervals', async () => {
    const late = await insertSilentTask(database, 40, { heartbeat_interval: 10 });
    await insertSilentTask(database, 20, { heartbeat_interval: 10, pipeline_id: 46 });
    const unsaid = await insertSilentTask(database, 40, { pipeline_id: 47 });
    const never = await insertSilentTask(database, 40, { pipeline_id: 48 }, false);
    await insertSilentTask(database, 40, { status: 2, pipeline_id: 46 });
    const silent = async (defaultIntervalSeconds: number, limit = 10): Promise<number[]> =>
      (await listSilentTasks(database, { defaultIntervalSeconds, limit })).map(({ id }) => id);
    expect(await silent(5)).to.deep.equal([late, unsaid, never]);
    expect(await silent(30)).to.deep.equal([late]);
    expect(await silent(5, 2)).to.deep.equal([late, unsaid]);
  });

  it('leave out a silent task that no checkpoint names, once another of its pipeline has begun behind it', async () => {
    const silent = async (): Promise<number[]> =>
      (await listSilentTasks(database, { defaultIntervalSeconds: 5, limit: 10 })).map(({ id }) => id);
    const { knex } = database;
    const left = await insertSilentTask(database, 300, { pipeline_id: 7 });
    const alone = await insertSilentTask(database, 300, { pipeline_id: 8 });
    await insertSilentTask(database, 300, { pipeline_id: 7, status: 3 });
    await insertSilentTask(database, 300, { pipeline_id: 7, status: 1, shard: 2 });
    expect(await silent()).to.deep.equal([left, alone]);
    for (const reason of ['stopped', 'handed_over'])
      await insertSilentTask(database, 200, { pipeline_id: 7, status: 1, end_reason: reason }, false);
    const later = await insertSilentTask(database, 200, { pipeline_id: 7 });
    expect(await silent()).to.deep.equal([left, alone, later]);
    for (const status of [0, 1, 2]) {
      const went = await insertSilentTask(database, status === 0 ? 5 : 200, { pipeline_id: 7, status });
      expect(await silent(), String(status)).to.deep.equal([alone]);
      if (status < 2) await database.write([knex('pipeline_task').where({ id: went }).delete()]);
    }
    const stopped = { pipeline_id: 8, status: 1, end_reason: 'stopped', worker: 'there:7' };
    const ended = await insertSilentTask(database, 200, stopped, false);
    expect(await silent(), 'one that had a worker').to.deep.equal([]);
    await database.write([knex('pipeline_task').where({ id: ended }).delete()]);
    await database.write([knex('pipeline_checkpoint').insert({ pipeline_id: 7, task_id: left })]);
    expect(await silent()).to.deep.equal([left, alone]);
    await database.write([knex('pipeline_checkpoint').delete()]);
  });

  it('leave out the tasks of heartbeat tests, which fall silent as they are meant to', async () => {
    const tests = new TestPipelineStore(database);
    const pipeline_id = await tests.insert({ token: 'abc', worker: 'there:7', identity: null }, 'quiet');
    const other = await insertSilentTask(database, 2_000);
    await insertSilentTask(database, 2_000, { pipeline_id });
    await insertEnded(5, 'timeout', pipeline_id);
    await insertEnded(5, 'completed', 46);
    const silent = await listSilentTasks(database, { defaultIntervalSeconds: 5, limit: 10 });
    expect(silent.map(({ id }) => id)).to.deep.equal([other]);
    expect(await readTaskStatistics(database, window)).to.deep.equal({
      ...{ running: 1, runningLonger: 1, ended: 1, timedOut: 0, timeoutRate: 0 },
    });
    await tests.delete(pipeline_id);
  });
});
