import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import type { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { RewindStore } from '../../../src/database/events/rewind-store.js';
import type { TakenBack } from '../../../src/database/events/journal.js';
import type { RewindStep } from '../../../src/database/events/rewind-store.js';
import { ShardStore } from '../../../src/database/events/shard-store.js';
import { StoredBlocks } from '../../../src/database/events/stored-blocks.js';
import type { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { BlockHeader } from '../../../src/model/block.js';
import { DatabaseUnreachableError, LeaseHeldError, NeedsRewindError, UsageError } from '../../../src/runtime/errors.js';
import { NodeLagsError } from '../../../src/chain/blocks/consistency.js';
import { findRewindBlock } from '../../../src/tasks/rewind/rewind-block.js';
import type { AskedChain, RewindBlock } from '../../../src/tasks/rewind/rewind-block.js';
import { checkRewind, rewindPipeline } from '../../../src/tasks/rewind/rewind-pipeline.js';
import type { RewindOptions, RewindStores } from '../../../src/tasks/rewind/rewind-pipeline.js';
import { claimRequest } from '../../database/claim-request.js';
import { exampleBatch, exampleCommit, hashOf } from '../../database/example-batch.js';
import { insertPipeline } from '../../database/insert-pipeline.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { exampleWorker, storesOf } from '../run/task-fixture.js';
import { rejectionOf } from '../../support/rejection.js';

/** A store that fails before its step of a number, or does something first. */
class DyingRewinds extends RewindStore {
  readonly steps: RewindStep[] = [];
  before: (step: number) => Promise<void> = () => Promise.resolve();

  override async takeBack(step: RewindStep): Promise<TakenBack> {
    await this.before(this.steps.push(step));
    return super.takeBack(step);
  }
}

eachDatabase('a rewind', (databases) => {
  let database: Database;
  let tasks: TaskStore;
  let checkpoints: CheckpointStore;
  let rewinds: DyingRewinds;
  let taskId: number;
  let pipelineId = 800;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    [tasks, checkpoints] = storesOf(database);
  });
  beforeEach(async () => {
    pipelineId += 1;
    rewinds = new DyingRewinds(database);
    await insertPipeline(database, pipelineId);
    await checkpoints.get(pipelineId);
    taskId = await tasks.claim(claimRequest({ pipelineId }));
    const batch = exampleBatch(11, 30, { recentBlocks: exampleBatch(26, 30).recentBlocks });
    await new BatchStore(database).commit(exampleCommit({ pipelineId, taskId, startBlock: 11, batch }));
  });
  after(() => database.close());

  const end = (): Promise<boolean> => tasks.finish(taskId, { status: 2, endReason: 'needs_rewind', error: '' }, null);
  const stores = (): RewindStores => ({
    ...{ tasks, checkpoints, rewinds },
    ...{ storedBlocks: new StoredBlocks(database), shards: new ShardStore(database) },
  });
  const rewind = (number: number, changes: Partial<RewindOptions> = {}): Promise<TakenBack> =>
    rewindPipeline(stores(), {
      ...{ pipelineId, worker: exampleWorker('here:2'), heartbeatIntervalSeconds: 30 },
      to: { number, hash: hashOf(`block ${number}`) },
      ...changes,
    });
  const blocks = (table: string): Promise<number[]> =>
    database.read((knex) =>
      knex(table).where({ pipeline_id: pipelineId }).orderBy('block_number').pluck('block_number'),
    );
  const upTo = (last: number): number[] => Array.from({ length: last - 10 }, (_, index) => 11 + index);

  it('takes back what is above a block', async () => {
    await end();
    expect(await rewind(28)).to.deep.equal({ events: 2, undecoded: 1, readAhead: 0 });
    expect(await blocks('event')).to.deep.equal(upTo(28));
    expect(await blocks('recent_block')).to.deep.equal([26, 27, 28]);
    expect(await checkpoints.get(pipelineId)).to.include({ taskId: null, blockNumber: 28, startBlock: 11 });
  });

  it('takes back all of the stretch, or nothing but the parking', async () => {
    await end();
    expect(await rewind(30)).to.deep.equal({ events: 0, undecoded: 0, readAhead: 0 });
    expect(await checkpoints.get(pipelineId)).to.include({ taskId: null, blockNumber: 30 });
    expect(await rewind(10)).to.deep.equal({ events: 20, undecoded: 1, readAhead: 0 });
    expect(await blocks('event')).to.deep.equal([]);
  });

  it('takes many rows back from the top down, in steps that each leave a whole', async () => {
    await end();
    expect(await rewind(14, { rowsPerStep: 6 })).to.deep.equal({ events: 16, undecoded: 1, readAhead: 0 });
    expect(rewinds.steps.map(({ to, ends }) => [to.number, ends !== null])).to.deep.equal([
      [24, false],
      [18, false],
      [14, true],
    ]);
    expect(await blocks('event')).to.deep.equal(upTo(14));
  });

  it('that is cut short leaves the pipeline whole, and parked; repeated, it ends', async () => {
    await end();
    rewinds.before = (step) => (step < 3 ? Promise.resolve() : Promise.reject(new DatabaseUnreachableError('killed')));
    await rejectionOf(rewind(14, { rowsPerStep: 6 }), DatabaseUnreachableError);
    expect(await blocks('event')).to.deep.equal(upTo(18));
    expect(await checkpoints.get(pipelineId)).to.include({ taskId, blockNumber: 18, blockHash: hashOf('block 18') });
    rewinds.before = () => Promise.resolve();
    await rewind(14);
    expect(await blocks('event')).to.deep.equal(upTo(14));
    expect(await checkpoints.get(pipelineId)).to.include({ taskId: null, blockNumber: 14 });
  });

  it('never moves the checkpoint up where rows lie above it', async () => {
    await end();
    await database.write([
      database.knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }).update({ block_number: 15 }),
    ]);
    await rewind(14, { rowsPerStep: 6 });
    expect(rewinds.steps.map(({ above, to }) => [above, to.number])).to.deep.equal([
      [24, 15],
      [18, 15],
      [14, 14],
    ]);
    expect(await blocks('event')).to.deep.equal(upTo(14));
  });

  it('is refused while a task lives, also where that began in the middle', async () => {
    const error = await rejectionOf(rewind(14), LeaseHeldError);
    expect(error).to.be.instanceOf(LeaseHeldError);
    expect(error).to.include({ exitCode: 4 });
    expect(error.hint).to.contain(`chainparse tasks cancel ${taskId}`).and.not.contain('--take-over');
    await end();
    rewinds.before = async (step) => {
      if (step === 2) await tasks.claim(claimRequest({ pipelineId, holder: taskId }));
    };
    await rejectionOf(rewind(14, { rowsPerStep: 6 }), LeaseHeldError);
    expect(await blocks('event')).to.deep.equal(upTo(24));
    expect((await checkpoints.get(pipelineId)).blockNumber).to.equal(24);
  });

  it('ends a task whose process is gone', async () => {
    const { worker, workerIdentity } = await tasks.get(taskId);
    await rewind(14, { worker: exampleWorker('here:2', [`${String(worker)} ${String(workerIdentity)}`]) });
    expect(await tasks.get(taskId)).to.include({ status: 2, endReason: 'taken_over' });
    expect(await blocks('event')).to.deep.equal(upTo(14));
  });

  it('is refused above the checkpoint, below the stretch, and where nothing was read', async () => {
    await end();
    const above = await rejectionOf(rewind(31), UsageError);
    expect(above.message).to.equal(`pipeline ${pipelineId} has been read up to block 30, not 31`);
    const below = await rejectionOf(rewind(9), UsageError);
    expect(below.message).to.equal(`pipeline ${pipelineId} has been read from block 11 on, not from 9`);
    expect(below.hint).to.match(/^--to-block 10 takes back all/);
    const none = await rejectionOf(rewind(9, { pipelineId: 7_777 }), UsageError);
    expect(none.message).to.equal('pipeline 7777 has not read any block yet');
    expect(rewinds.steps).to.deep.equal([]);
  });

  describe('goes back to a block', () => {
    const find = async (number: number, fork: number | null, head = 1_000): Promise<RewindBlock> => {
      await end();
      const claim = { pipelineId, worker: exampleWorker('here:2'), heartbeatIntervalSeconds: 30 };
      const { checkpoint } = await checkRewind(stores(), { ...claim, to: { number } });
      const block = (asked: number): BlockHeader => {
        const hash = hashOf(asked < (fork ?? 0) ? `block ${asked}` : `new ${asked}`);
        return { number: asked, hash } as BlockHeader;
      };
      const chain: AskedChain = {
        head: () => Promise.resolve(block(head)),
        headerOf: (asked) => Promise.resolve(asked > head || hidden.has(asked) ? null : block(asked)),
      };
      return findRewindBlock(stores(), checkpoint, number, fork === null ? null : chain);
    };
    /** Blocks that the node does not show, though they lie below its head. */
    const hidden = new Set<number>();
    afterEach(() => hidden.clear());

    it('whose hash the chain tells, where the rows up to it are the chain’s', async () => {
      const told = { toldBy: 'chain', standsUpTo: 20 } as const;
      expect(await find(20, 21)).to.deep.equal({ number: 20, hash: hashOf('block 20'), ...told });
      // Below all rows nothing tells whether the chain is the one of before.
      expect(await find(10, 21)).to.deep.equal({ number: 10, hash: hashOf('block 10'), ...told, standsUpTo: -1 });
    });

    it('that is lower, where rows up to it are of blocks that were replaced', async () => {
      const error = await rejectionOf(find(25, 17), NeedsRewindError);
      expect(error).to.be.instanceOf(NeedsRewindError);
      expect(error.message).to.match(/^block 25 is too high to go back to/);
      expect(error.hint).to.equal(`chainparse pipeline rewind ${pipelineId} --to-block 16`);
      expect(await rejectionOf(find(25, 5))).to.include({ keeps: 10 });
    });

    it('that is lower, where the chain does not reach so far, and is another one', async () => {
      const error = await rejectionOf(find(25, 17, 22), NeedsRewindError);
      expect(error.message).to.equal('the chain has no block 25');
      expect(error.hint).to.equal(`chainparse pipeline rewind ${pipelineId} --to-block 16`);
    });

    it('and none that is lower where the node lags: no good row is to go because of that', async () => {
      const lags = async (head: number, message: string): Promise<void> => {
        const error = await rejectionOf(find(25, 100, head), NodeLagsError);
        expect(error.message).to.equal(message);
        expect(error).to.include({ exitCode: 6 });
        expect(error.hint).to.contain('ask another node').and.not.contain('--to-block').and.not.contain('--fresh');
      };
      await lags(22, 'the node, which is at block 22, does not know block 25, which has been read: it may lag');
      // Below all rows nothing tells.
      await lags(4, 'the node, which is at block 4, does not know block 25, which has been read: it may lag');
      // One of several behind a URL has the block, and another has not.
      hidden.add(25);
      await lags(
        28,
        'the node has block 28, and not block 25, which has been read: it may have pruned it, or be several of which one lags',
      );
    });

    it('whose hash is stored, where the chain can’t be asked', async () => {
      expect(await find(20, null)).to.deep.equal({ number: 20, hash: hashOf('block 20'), toldBy: 'database' });
      expect(await find(30, null)).to.deep.equal({ number: 30, hash: hashOf('block 30'), toldBy: 'database' });
      expect(await find(10, null)).to.deep.equal({ number: 10, hash: null, toldBy: null });
    });
  });
});
