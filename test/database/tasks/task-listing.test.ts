import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { countTasks, listTasks } from '../../../src/database/tasks/task-listing.js';
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

  it('begins with those that have never beaten, where the most silent come first', async () => {
    const beaten = await insertSilentTask(database, 50);
    const never = await insertSilentTask(database, 40, {}, false);
    const silent = await insertSilentTask(database, 60);
    const ids = async (descending: boolean, limit: number): Promise<readonly number[]> =>
      (await listTasks(database, { status: 0, order: { by: 'last_heartbeat', descending }, limit, offset: 0 })).map(
        ({ id }) => id,
      );
    expect(await ids(false, 2)).to.deep.equal([never, silent]);
    expect(await ids(true, 3)).to.deep.equal([beaten, silent, never]);
  });
});
