import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { readTaskSilence } from '../../../src/database/tasks/task-silence.js';
import { TestPipelineStore } from '../../../src/database/pipelines/test-pipeline-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { insertSilentTask } from '../insert-silent-task.js';

eachDatabase('the silence of tasks', (databases) => {
  let database: Database;

  before(async () => (database = await openMigrated(await databases.fresh())));
  after(() => database.close());

  it('is counted by the interval of each, and unknown where a sign of life lies ahead', async () => {
    expect(await readTaskSilence(database, 30)).to.deep.equal({ silent: 0, unknown: 0, longestSeconds: null });
    await insertSilentTask(database, -3_540);
    expect(await readTaskSilence(database, 30)).to.deep.equal({ silent: 0, unknown: 1, longestSeconds: null });
    await insertSilentTask(database, -2);
    expect(await readTaskSilence(database, 30)).to.deep.equal({ silent: 0, unknown: 1, longestSeconds: 0 });
    await insertSilentTask(database, 100, { heartbeat_interval: 60 });
    await insertSilentTask(database, 100, { status: 2 });
    await insertSilentTask(database, 95, {}, false);
    const { longestSeconds, ...counts } = await readTaskSilence(database, 30);
    expect(counts).to.deep.equal({ silent: 1, unknown: 1 });
    expect(longestSeconds).to.be.within(100, 105);
  });

  it('is not that of heartbeat tests, whose tasks fall silent as they are meant to', async () => {
    const before = await readTaskSilence(database, 30);
    const owner = { token: 'abc', worker: 'there:7', identity: null };
    const pipeline_id = await new TestPipelineStore(database).insert(owner, 'quiet');
    await insertSilentTask(database, 10_000, { pipeline_id });
    const { longestSeconds, ...counts } = await readTaskSilence(database, 30);
    expect(counts).to.deep.equal({ silent: before.silent, unknown: before.unknown });
    expect(longestSeconds).to.be.lessThan(10_000);
  });
});
