import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { RewindStore } from '../../../src/database/events/rewind-store.js';
import type { TakenBack } from '../../../src/database/events/journal.js';
import type { RewindStep } from '../../../src/database/events/rewind-store.js';
import { FenceError } from '../../../src/database/script.js';
import { StoredBlocks } from '../../../src/database/events/stored-blocks.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { EventBatch } from '../../../src/model/batch.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { claimRequest } from '../claim-request.js';
import { exampleBatch, exampleCommit, exampleEvent, hashOf } from '../example-batch.js';
import { insertPipeline } from '../insert-pipeline.js';
import { rejectionOf } from '../../support/rejection.js';

eachDatabase('rows that are taken back', (databases) => {
  let database: Database;
  let tasks: TaskStore;
  let pipelineId = 900;
  let taskId: number;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    tasks = new TaskStore(database);
  });
  beforeEach(async () => {
    pipelineId += 1;
    await insertPipeline(database, pipelineId);
    await new CheckpointStore(database).get(pipelineId);
    taskId = await tasks.claim(claimRequest({ pipelineId }));
    await commit(exampleBatch(1, 9));
  });
  after(() => database.close());

  const commit = (batch: EventBatch, version = 0): Promise<void> =>
    new BatchStore(database).commit(exampleCommit({ pipelineId, taskId, version, batch }));
  const takeBack = (changes: Partial<RewindStep> = {}): Promise<TakenBack> =>
    new RewindStore(database).takeBack({
      pipelineId,
      holder: taskId,
      version: 1,
      replaces: null,
      from: 9,
      above: 4,
      first: 1,
      childrenUpTo: 4,
      to: { number: 4, hash: hashOf('block 4') },
      ends: { keepsRemembered: true },
      ...changes,
    });
  const numbersIn = (table: string): Promise<number[]> =>
    database.read((knex) =>
      knex(table).where({ pipeline_id: pipelineId }).orderBy('block_number').pluck('block_number'),
    );
  const everything = async (): Promise<unknown> => [
    await numbersIn('event'),
    await numbersIn('undecoded_log'),
    await numbersIn('recent_block'),
    await new CheckpointStore(database).get(pipelineId),
    (await tasks.get(taskId)).status,
  ];
  const isRefused = async (changes: Partial<RewindStep>): Promise<void> => {
    const before = await everything();
    await rejectionOf(takeBack(changes), FenceError);
    expect(await everything()).to.deep.equal(before);
  };

  it('go with the checkpoint, which names nobody afterwards', async () => {
    expect(await takeBack()).to.deep.equal({ events: 5, undecoded: 1 });
    expect(await numbersIn('event')).to.deep.equal([1, 2, 3, 4]);
    expect(await numbersIn('undecoded_log')).to.deep.equal([]);
    expect(await numbersIn('recent_block')).to.deep.equal([1, 2, 3, 4]);
    expect(await new CheckpointStore(database).get(pipelineId)).to.deep.include({
      taskId: null,
      startBlock: 1,
      blockNumber: 4,
      blockHash: hashOf('block 4'),
      version: 2,
    });
  });

  it('leave the holder in the checkpoint where more are to go', async () => {
    await takeBack({ ends: null });
    expect(await new CheckpointStore(database).get(pipelineId)).to.deep.include({ taskId, blockNumber: 4 });
  });

  it('stay where somebody else has claimed the pipeline', () => isRefused({ holder: taskId + 1 }));

  it('stay where the checkpoint has moved', async () => {
    await commit(exampleBatch(10, 10), 1);
    await isRefused({});
  });

  it('stay where the task that seemed dead has beaten', () =>
    isRefused({ replaces: { taskId, silentForSeconds: 90, reason: 'gone' } }));

  it('end the task that is gone', async () => {
    await takeBack({ replaces: { taskId, silentForSeconds: null, reason: 'gone' } });
    expect(await tasks.get(taskId)).to.include({ status: 2, endReason: 'taken_over', error: 'gone' });
  });

  it('take along what is remembered of another chain', async () => {
    await takeBack({ to: { number: 4, hash: hashOf('another 4') }, ends: { keepsRemembered: false } });
    expect(await new CheckpointStore(database).recentBlocks(pipelineId)).to.deep.equal([
      { number: 4, hash: hashOf('another 4') },
    ]);
    await takeBack({ holder: null, version: 2, to: { number: 4, hash: null }, ends: { keepsRemembered: false } });
    expect(await numbersIn('recent_block')).to.deep.equal([]);
    expect(await new CheckpointStore(database).get(pipelineId)).to.deep.include({ blockHash: null, version: 3 });
  });

  describe('are found by their blocks:', () => {
    const blocks = (): StoredBlocks => new StoredBlocks(database);

    it('the newest one not above a number, be it of events or of undecoded logs', async () => {
      const odd = { events: [exampleEvent(12, 0)], recentBlocks: [] };
      await commit(exampleBatch(10, 14, odd), 1);
      expect(await blocks().newest(pipelineId, 100)).to.deep.equal({ number: 14, hash: hashOf('block 14') });
      expect(await blocks().newest(pipelineId, 13)).to.deep.equal({ number: 12, hash: hashOf('block 12') });
      expect(await blocks().newest(pipelineId, 11)).to.deep.equal({ number: 9, hash: hashOf('block 9') });
      expect(await blocks().newest(pipelineId, 0)).to.equal(null);
    });

    it('one with so many rows above it, above a floor', async () => {
      expect((await blocks().borderOf(pipelineId, 0, 3))?.number).to.equal(6);
      expect((await blocks().borderOf(pipelineId, 5, 3))?.number).to.equal(6);
      expect(await blocks().borderOf(pipelineId, 6, 3)).to.equal(null);
      expect(await blocks().borderOf(pipelineId, 0, 30)).to.equal(null);
    });

    it('the one below a block that has more rows than that by itself', async () => {
      const events = [0, 2, 3, 4].map((index) => exampleEvent(10, index));
      await commit(exampleBatch(10, 10, { events }), 1);
      expect((await blocks().borderOf(pipelineId, 0, 2))?.number).to.equal(9);
    });
  });
});
