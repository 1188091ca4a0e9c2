import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { readTaskSilence } from '../../../src/database/tasks/task-silence.js';
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
});
