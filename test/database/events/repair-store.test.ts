import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { RepairStore } from '../../../src/database/events/repair-store.js';
import type { Repair } from '../../../src/database/events/repair-store.js';
import { FenceError } from '../../../src/database/script.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { claimRequest } from '../claim-request.js';
import { exampleBatch, exampleCommit, exampleEvent } from '../example-batch.js';
import { rejectionOf } from '../../support/rejection.js';

eachDatabase('rows that are put right', (databases) => {
  let database: Database;
  let taskId: number;
  let pipelineId = 950;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(async () => {
    pipelineId += 1;
    await new CheckpointStore(database).get(pipelineId);
    taskId = await new TaskStore(database).claim(claimRequest({ pipelineId }));
    await commit(0, 1, 9);
  });
  after(() => database.close());

  const commit = (version: number, from: number, to: number): Promise<void> =>
    new BatchStore(database).commit(exampleCommit({ pipelineId, taskId, version, batch: exampleBatch(from, to) }));
  const repair = (changes: Partial<Repair> = {}): Promise<void> =>
    new RepairStore(database).replace({
      ...{ pipelineId, chainId: 1, blocks: [4, 9], version: null, undecoded: [] },
      events: [exampleEvent(4, 0), exampleEvent(4, 7)],
      ...changes,
    });
  const rows = async (): Promise<unknown> => [
    await database.read((knex) =>
      knex('event')
        .where({ pipeline_id: pipelineId })
        .orderBy(['block_number', 'log_index'])
        .select('block_number', 'log_index'),
    ),
    await database.read((knex) => knex('undecoded_log').where({ pipeline_id: pipelineId }).pluck('block_number')),
  ];

  it('replace all rows of their blocks, and of no other', async () => {
    await repair();
    const places = [1, 2, 3, 4, 4, 5, 6, 7, 8].map((block, index) => ({
      block_number: block,
      log_index: index === 4 ? 7 : 0,
    }));
    expect(await rows()).to.deep.equal([places, []]);
  });

  it('leave holder, version and checkpoint as they are, so that the run commits on', async () => {
    const before = await new CheckpointStore(database).get(pipelineId);
    await repair();
    expect(await new CheckpointStore(database).get(pipelineId)).to.deep.equal(before);
    await commit(1, 10, 10);
  });

  for (const [what, changes] of [
    ['a block is above the checkpoint', { blocks: [4, 10] }],
    ['the checkpoint is of another chain', { chainId: 2 }],
    ['the run has committed since', { version: 0 }],
    ['the pipeline is gone', { pipelineId: 1 }],
  ] as const) {
    it(`stay as they are where ${what}`, async () => {
      const before = await rows();
      await rejectionOf(repair(changes), FenceError);
      expect(await rows()).to.deep.equal(before);
    });
  }
});
