import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { DatabaseUnreachableError } from '../../src/runtime/errors.js';
import { createDatabase, eachServer } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { within } from '../support/within.js';
import { claimRequest } from './claim-request.js';
import { rejectionOf } from '../support/rejection.js';
import { wordsOf } from '../support/table-words.js';

eachServer('a beat', (server) => {
  let database: Database;
  let tasks: TaskStore;
  let taskId: number;

  beforeEach(async function () {
    this.timeout(30_000);
    const url = await createDatabase(server().url());
    await (await openMigrated(url)).close();
    database = await openDatabase(url, { poolSize: 1, statementTimeoutMs: 20_000, beatTimeoutMs: 1_000 });
    await new CheckpointStore(database).get(45);
    tasks = new TaskStore(database);
    taskId = await tasks.claim(claimRequest({ pipelineId: 45 }));
    await tasks.renew([{ taskId, progress: null }]);
  });
  afterEach(() => database.close());

  it('waits neither for a commit that takes long nor for a pool without a free connection', async () => {
    const done: string[] = [];
    const reading = database.read((knex) => knex.raw(wordsOf(database).nap(2))).then(() => done.push('read'));
    const writing = database.write([{ sql: wordsOf(database).nap(2), bindings: [] }]).then(() => done.push('commit'));
    const lost = await tasks.renew([
      { taskId, progress: null },
      { taskId: 999_999, progress: null },
    ]);
    done.push('beat');
    expect(lost).to.deep.equal([999_999]);
    await Promise.all([reading, writing]);
    expect(done[0]).to.equal('beat');
  });

  it('is given up sooner than a commit where the server is frozen, so that the next one is heard in time', async () => {
    server().freeze();
    try {
      const beat = within(2_500, tasks.renew([{ taskId, progress: null }]), () => 'it hangs');
      await rejectionOf(beat, DatabaseUnreachableError);
    } finally {
      server().thaw();
    }
    expect(await tasks.renew([{ taskId, progress: null }])).to.deep.equal([]);
  });
});
