import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { listReorgsOfLate } from '../../../src/database/events/reorg-store.js';
import { FenceError } from '../../../src/database/script.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { claimRequest } from '../claim-request.js';
import { rejectionOf } from '../../support/rejection.js';

eachDatabase('reorganisations', (databases) => {
  let database: Database;
  let taskId: number;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    await new CheckpointStore(database).get(45);
    taskId = await new TaskStore(database).claim(claimRequest({ pipelineId: 45 }));
  });
  after(() => database.close());

  const rollBack = (version: number): Promise<number> => {
    const ancestor = { number: 7, hash: `0x${'11'.repeat(32)}` };
    const progress = { mode: 'realtime', nextBlock: 8, targetBlock: null, headBlock: 9, events: 0 } as const;
    const message = { kind: 'rollback', ancestor } as const;
    return new BatchStore(database).rollback({ pipelineId: 45, taskId, version, message, blocks: 3, progress });
  };
  const listed = async (): Promise<unknown> =>
    (await listReorgsOfLate(database, { seconds: 60, limit: 10 })).map(({ createTime, ...reorg }) => {
      expect(createTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
      return reorg;
    });

  it('are noted with what is taken back, and not where a fence does not hold', async () => {
    await rollBack(0);
    await rejectionOf(rollBack(0), FenceError);
    expect(await listed()).to.deep.equal([{ pipelineId: 45, taskId, ancestorBlock: 7, blocks: 3 }]);
  });

  it('are listed as long as they are of late', async () => {
    await database.write([database.knex('reorg').update({ create_time: '2024-01-15 10:00:00' })]);
    expect(await listed()).to.deep.equal([]);
  });
});
