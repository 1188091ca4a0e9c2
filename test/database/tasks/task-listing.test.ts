import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { countTasks } from '../../../src/database/tasks/task-listing.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { insertSilentTask } from '../insert-silent-task.js';

eachDatabase('the list of tasks', (testDatabase) => {
  let database: Database;

  before(async () => {
    database = await openMigrated(await testDatabase.fresh());
  });
  after(() => database.close());

  it('counts those that were made of late, by the database’s clock', async () => {
    for (const madeSecondsAgo of [10, 86_300, 86_500, 9_000_000]) {
      await insertSilentTask(database, madeSecondsAgo, { status: 1 }, false);
    }
    expect(await countTasks(database, { withinSeconds: 86_400 })).to.equal(2);
    expect(await countTasks(database, { withinSeconds: 86_400, status: 0 })).to.equal(0);
    expect(await countTasks(database, {})).to.equal(4);
  });
});
