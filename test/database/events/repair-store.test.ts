import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { compareStored } from '../../../src/database/events/compare-stored.js';
import type { Database } from '../../../src/database/database.js';
import { EventStore } from '../../../src/database/events/event-store.js';
import { RepairStore } from '../../../src/database/events/repair-store.js';
import type { Repair } from '../../../src/database/events/repair-store.js';
import { FenceError } from '../../../src/database/script.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { claimRequest } from '../claim-request.js';
import { exampleBatch, exampleCommit, exampleEvent, hashOf, noProgress } from '../example-batch.js';
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
    await commit(0, 1, 8);
    await commit(1, 9, 9, [exampleEvent(9, 0), exampleEvent(9, 2)]);
  });
  after(() => database.close());

  const commit = (version: number, from: number, to: number, events = exampleBatch(from, to).events): Promise<void> =>
    new BatchStore(database).commit(
      exampleCommit({ pipelineId, taskId, version, batch: exampleBatch(from, to, { events }) }),
    );
  /** Puts block 9 right, which has lost an event, has one changed, one too many, and one that is right. */
  const repair = async (changes: Partial<Repair> = {}): Promise<void> => {
    const changed = { ...exampleEvent(9, 2), argsJson: '{"value":"right"}' };
    const held = { events: [exampleEvent(9, 0), changed, exampleEvent(9, 7)], undecoded: [] };
    const of = { pipelineId, chainId: 1 };
    const { change } = await compareStored(new EventStore(database), of, { from: 9, to: 9 }, held);
    await new RepairStore(database).replace({
      ...of,
      block: 9,
      hash: hashOf('block 9'),
      version: 2,
      isSettled: true,
      change,
      ...changes,
    });
  };
  const rows = async (): Promise<unknown> => [
    await database.read((knex) =>
      knex('event')
        .where({ pipeline_id: pipelineId })
        .where('block_number', '>=', 8)
        .orderBy(['block_number', 'log_index'])
        .select('block_number', 'log_index', 'args', 'added'),
    ),
    await database.read((knex) => knex('undecoded_log').where({ pipeline_id: pipelineId }).pluck('block_number')),
  ];
  const version = async (): Promise<number> => (await new CheckpointStore(database).get(pipelineId)).version;

  it('are those that differ, under a version of their own', async () => {
    await repair();
    const of = (block: number, log: number, value: string, added: number): unknown => ({
      block_number: block,
      log_index: log,
      args: `{"value":"${value}"}`,
      added,
    });
    expect(await rows()).to.deep.equal([
      [of(8, 0, '80', 1), of(9, 0, '90', 2), of(9, 2, 'right', 3), of(9, 7, '97', 3)],
      [8],
    ]);
  });

  it('leave holder and checkpoint as they are, and the journal says what was done', async () => {
    const before = await new CheckpointStore(database).get(pipelineId);
    await repair();
    expect(await new CheckpointStore(database).get(pipelineId)).to.deep.equal({ ...before, version: 3 });
    const journal = await database.read((knex) =>
      knex('pipeline_commit').where({ pipeline_id: pipelineId, version: 3 }).select('kind', 'from_block', 'to_block'),
    );
    expect(journal).to.deep.equal([{ kind: 'repair', from_block: 9, to_block: 9 }]);
  });

  it('may be those of a block that may be replaced while a run commits others above the same', async () => {
    await commit(2, 10, 10);
    await repair({ isSettled: false });
    expect(await version()).to.equal(4);
  });

  it('stay as they are where the run has gone on above another block than was read, or remembers none', async () => {
    await commit(2, 10, 10);
    expect(await rejectionOf(repair({ isSettled: false, hash: hashOf('another') }))).to.be.instanceOf(FenceError);
    await database.knex('recent_block').where({ pipeline_id: pipelineId, block_number: 9 }).delete();
    expect(await rejectionOf(repair({ isSettled: false }))).to.be.instanceOf(FenceError);
    expect(await version()).to.equal(3);
    await repair({ isSettled: false, version: 3 });
  });

  it('stay as they are where the run has read another block, whether it remembers that or stands there', async () => {
    const another = { isSettled: false, hash: hashOf('another') };
    const stay = async (changes: Partial<Repair>): Promise<void> => {
      const before = await rows();
      await rejectionOf(repair(changes), FenceError);
      expect(await rows()).to.deep.equal(before);
    };
    await stay(another);
    await database.knex('recent_block').where({ pipeline_id: pipelineId }).delete();
    await stay(another);
    await stay({ ...another, isSettled: true });
  });

  it('stay as they are where the run remembers another block below its checkpoint', async () => {
    await commit(2, 10, 10);
    for (const isSettled of [true, false]) {
      await rejectionOf(repair({ isSettled, hash: hashOf('another'), version: 3 }), FenceError);
    }
    expect(await version()).to.equal(3);
  });

  it('may be those of the checkpoint’s block where its hash is not known', async () => {
    await database.knex('recent_block').where({ pipeline_id: pipelineId }).delete();
    await database.knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }).update({ hash: null });
    await repair({ isSettled: false });
    expect(await version()).to.equal(3);
  });

  it('stay as they are where the run has taken the block back, and read it again, since', async () => {
    const message = { kind: 'rollback', ancestor: { number: 8, hash: hashOf('block 8') } } as const;
    const rollback = { pipelineId, taskId, version: 2, message, blocks: 1, progress: noProgress };
    await new BatchStore(database).rollback(rollback);
    await commit(3, 9, 9, []);
    expect(await rejectionOf(repair({ isSettled: false }))).to.be.instanceOf(FenceError);
    expect(await version()).to.equal(4);
  });

  it('stay as they are where more has been committed since than the journal remembers', async () => {
    await database.knex('pipeline_commit').where({ pipeline_id: pipelineId }).delete();
    expect(await rejectionOf(repair({ version: 2 - 1_000 }))).to.be.instanceOf(FenceError);
    await repair({ version: 2 - 999 });
    expect(await version()).to.equal(3);
  });

  it('may be those of a block that is settled while a run commits others', async () => {
    await commit(2, 10, 10);
    await repair();
    expect(await version()).to.equal(4);
  });

  for (const [what, changes] of [
    ['the block is above the checkpoint', { block: 10 }],
    ['the checkpoint is of another chain', { chainId: 2 }],
    ['the pipeline is gone', { pipelineId: 1 }],
    ['the block’s own rows have been written since', { version: 1 }],
  ] as const) {
    it(`stay as they are where ${what}`, async () => {
      const before = await rows();
      await rejectionOf(repair(changes), FenceError);
      expect(await rows()).to.deep.equal(before);
      expect(await version()).to.equal(2);
    });
  }
});
