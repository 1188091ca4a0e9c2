import { expect } from 'chai';
import { Migrator } from '../../../src/database/schema/migrator.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';

eachDatabase('the migration of parked pipelines', (databases) => {
  it('reads the block that a rewind may keep out of the error of an older version', async function () {
    this.timeout(60_000);
    const database = await openMigrated(await databases.fresh());
    const migrator = new Migrator(database);
    const hasColumn = (): Promise<boolean> =>
      database.withSchema(async (schema) => (await schema.columns('pipeline_task')).has('keeps_block'));
    while (await hasColumn()) await migrator.down(() => undefined, false);
    const now = database.dialect.now(database.knex);
    const errors = [
      'gone; to go on: chainparse pipeline rewind 1 --to-block 41',
      'gone; to go on: chainparse run-pipeline 2 --fresh',
    ];
    for (const [i, error] of errors.entries()) {
      const id = i + 1;
      const task = { id, pipeline_id: id, status: 2, create_time: now, end_reason: 'needs_rewind', error };
      await database.write([database.knex('pipeline_task').insert(task)]);
      await database.write([database.knex('pipeline_checkpoint').insert({ pipeline_id: id, task_id: id, version: 1 })]);
    }
    await migrator.up(() => undefined);
    const tasks = new TaskStore(database);
    expect((await tasks.get(1)).keepsBlock).to.equal(41);
    expect((await tasks.get(2)).keepsBlock).to.equal(null);
    await database.close();
  });
});
