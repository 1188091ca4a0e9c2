import { expect } from 'chai';
import { BatchStore } from '../../src/database/events/batch-store.js';
import { compareStored } from '../../src/database/events/compare-stored.js';
import type { Database } from '../../src/database/database.js';
import { EventStore } from '../../src/database/events/event-store.js';
import { noteChange } from '../../src/database/events/journal.js';
import type { ChangeKind } from '../../src/database/events/journal.js';
import { RepairStore } from '../../src/database/events/repair-store.js';
import type { EventBatch, SourceMessage } from '../../src/model/batch.js';
import type { RunRequest } from '../../src/model/run-request.js';
import type { Progress } from '../../src/model/task.js';
import { CheckpointMovedError, Committer } from '../../src/pipeline/commit.js';
import { DatabaseSetBackError, KnownCommits } from '../../src/pipeline/known-commits.js';
import { readStart } from '../../src/pipeline/start.js';
import { LeaseLostError } from '../../src/runtime/errors.js';
import { exampleBatch, exampleCommit, exampleEvent, hashOf, noProgress } from '../database/example-batch.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { FakeLease } from './fake-lease.js';
import { claimPipeline, eventBlocks } from './pipeline-fixture.js';
import type { ClaimedPipeline, Fate } from './pipeline-fixture.js';
import { rejectionOf } from '../support/rejection.js';

const { signal } = new AbortController();

eachDatabase('a commit', (databases) => {
  let database: Database;
  let claimed: ClaimedPipeline;
  let lease: FakeLease;
  let committer: Committer;
  let progress: Progress;
  let pipelineId = 400;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(async () => {
    claimed = await claimPipeline(database, (pipelineId += 1));
    progress = { ...noProgress };
    await begin();
  });
  after(() => database.close());

  async function begin(begins?: RunRequest): Promise<void> {
    lease = new FakeLease(claimed.taskId);
    const parts = { ...claimed, chainId: 1, lease, signal, known: new KnownCommits(), begins };
    committer = new Committer(parts, await readStart(parts));
  }
  const commit = async (message: SourceMessage, ...fates: Fate[]): Promise<void> => {
    claimed.batches.fates.push(...fates);
    progress = { ...progress, ...(await committer.prepare(message).run(progress)) };
  };
  const failure = (message: SourceMessage, ...fates: Fate[]): Promise<unknown> =>
    rejectionOf(commit(message, ...fates));
  /** A commit of this task's own that lands beside the committer. */
  const batchesOf = (batch: EventBatch, version: number): Promise<void> =>
    new BatchStore(database).commit(
      exampleCommit({
        ...{ pipelineId, taskId: claimed.taskId, version, batch },
        progress: { ...noProgress, nextBlock: batch.toBlock + 1, events: batch.events.length },
      }),
    );
  /** Somebody moves the checkpoint, and notes that in the journal or does not. */
  const moveTo = async (blockNumber: number, hash: string, kind: ChangeKind | null): Promise<void> => {
    const { knex } = database;
    const moved = knex('pipeline_checkpoint').where({ pipeline_id: pipelineId });
    const note = { pipelineId, fromBlock: 1, toBlock: blockNumber };
    await database.write([
      moved.update({ version: 1, block_number: blockNumber, hash: Buffer.from(hash.slice(2), 'hex') }),
      ...(kind === null ? [] : [noteChange(database, { ...note, kind })]),
    ]);
  };
  const repair = async (block: number, value: string): Promise<void> => {
    const { version } = await claimed.checkpoints.get(pipelineId);
    const events = [{ ...exampleEvent(block, 0), argsJson: `{"value":"${value}"}` }];
    const range = { from: block, to: block };
    const of = { pipelineId, chainId: 1 };
    const { change } = await compareStored(new EventStore(database), of, range, { events, undecoded: [] });
    const look = { ...of, block, hash: hashOf(`block ${block}`), version, isSettled: true };
    await new RepairStore(database).replace({ ...look, change });
  };
  const added = (): Promise<number[]> =>
    database.read((knex) =>
      knex('event').where({ pipeline_id: pipelineId }).orderBy(['block_number', 'log_index']).pluck('added'),
    );
  const rollback = (ancestor: number): SourceMessage => ({
    kind: 'rollback',
    ancestor: { number: ancestor, hash: hashOf(`block ${ancestor}`) },
  });
  const blocks = (): Promise<number[]> => eventBlocks(database, pipelineId);
  const stretch = async (): Promise<unknown> => {
    const { startBlock, blockNumber, version } = await claimed.checkpoints.get(pipelineId);
    return { startBlock, blockNumber, version };
  };

  it('moves the checkpoint, the progress and the lease', async () => {
    await commit(exampleBatch(10, 12));
    await commit(exampleBatch(13, 14));
    expect(await blocks()).to.deep.equal([10, 11, 12, 13, 14]);
    expect(await stretch()).to.deep.equal({ startBlock: 10, blockNumber: 14, version: 2 });
    expect(progress).to.deep.include({ nextBlock: 15, events: 5 });
    expect(lease.told).to.deep.equal(['renewed 13 3', 'renewed 15 5']);
    expect((await claimed.tasks.get(claimed.taskId)).progress).to.deep.equal(progress);
  });

  it('whose answer was lost is not repeated', async () => {
    await commit(exampleBatch(1, 2), 'lost');
    expect(claimed.batches.sent).to.equal(1);
    expect(await blocks()).to.deep.equal([1, 2]);
    expect(progress.events).to.equal(2);
    expect(lease.told).to.deep.equal(['recover', 'renewed 3 2']);
    expect(lease.causes.map(({ message }) => message)).to.deep.equal(['connection lost']);
    await commit(exampleBatch(3, 4));
    expect(await stretch()).to.deep.equal({ startBlock: 1, blockNumber: 4, version: 2 });
  });

  it('that did not land is repeated, until it does', async () => {
    await commit(exampleBatch(1, 2), 'dropped', 'dropped', 'lost');
    expect(claimed.batches.sent).to.equal(3);
    expect(await blocks()).to.deep.equal([1, 2]);
    expect(progress.events).to.equal(2);
  });

  it('that lands while it is sent again counts once', async () => {
    const batch = exampleBatch(1, 2);
    await commit(batch, 'dropped', async () => {
      // The first one, which the server finishes late.
      await batchesOf(batch, 0);
    });
    expect(await blocks()).to.deep.equal([1, 2]);
    expect(await stretch()).to.deep.equal({ startBlock: 1, blockNumber: 2, version: 1 });
    expect(progress.events).to.equal(2);
  });

  it('of a checkpoint that has moved to another block is refused', async () => {
    await moveTo(99, hashOf('block 2'), 'append');
    expect(await failure(exampleBatch(1, 2))).to.be.instanceOf(CheckpointMovedError);
    expect(await blocks()).to.deep.equal([]);
  });

  it('of a checkpoint at the same block of another chain is refused', async () => {
    await moveTo(2, hashOf('another block 2'), 'append');
    expect(await failure(exampleBatch(1, 2))).to.be.instanceOf(CheckpointMovedError);
  });

  it('of a checkpoint that has moved, nobody knows how, is refused', async () => {
    await moveTo(2, hashOf('block 2'), null);
    expect(await failure(exampleBatch(1, 2))).to.be.instanceOf(CheckpointMovedError);
  });

  it('of a checkpoint that is older than what was committed is refused: the database was set back', async () => {
    await commit(exampleBatch(1, 2));
    await commit(exampleBatch(3, 4));
    await database.write([
      database.knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }).update({ version: 1, block_number: 2 }),
    ]);
    const error = await failure(exampleBatch(5, 6));
    expect(error).to.be.instanceOf(DatabaseSetBackError);
    expect(error).to.have.property('message').that.includes('version 1 is the newest');
    expect(await blocks()).to.deep.equal([1, 2, 3, 4]);
  });

  it('goes on from repairs of what has been committed', async () => {
    await commit(exampleBatch(1, 2));
    for (const value of ['one', 'two']) await repair(1, value);
    await commit(exampleBatch(3, 4));
    expect(await stretch()).to.deep.equal({ startBlock: 1, blockNumber: 4, version: 4 });
    expect(await added()).to.deep.equal([3, 1, 4, 4]);
    await commit(exampleBatch(5, 5));
    expect(await added()).to.deep.equal([3, 1, 4, 4, 5]);
  });

  it('of a checkpoint behind which children were replaced after repairs is refused: they are to be read anew', async () => {
    await commit(exampleBatch(1, 2));
    await repair(1, 'right');
    const { version } = await claimed.checkpoints.get(pipelineId);
    const known = { definition: 'd'.repeat(64), knownTo: 2 };
    const scan = { pipeline_id: pipelineId, definition: known.definition, known_to: known.knownTo };
    await database.write([database.knex('factory_scan').insert(scan)]);
    await new RepairStore(database).replaceChildren({ pipelineId, chainId: 1, version, known, missing: [], extra: [] });
    await repair(2, 'right');
    expect(await failure(exampleBatch(3, 4))).to.be.instanceOf(CheckpointMovedError);
    expect(await blocks()).to.deep.equal([1, 2]);
  });

  it('of a checkpoint behind which there were more repairs than the journal remembers is refused', async () => {
    await commit(exampleBatch(1, 2));
    for (const value of ['one', 'two', 'three']) await repair(1, value);
    await database.knex('pipeline_commit').where({ pipeline_id: pipelineId, version: 3 }).delete();
    expect(await failure(exampleBatch(3, 4))).to.be.instanceOf(CheckpointMovedError);
  });

  it('that landed before a repair, and whose answer was lost, is not repeated', async () => {
    await commit(exampleBatch(1, 2));
    await commit(exampleBatch(3, 4), async () => {
      await batchesOf(exampleBatch(3, 4), 1);
      await repair(3, 'right');
    });
    expect(await stretch()).to.deep.equal({ startBlock: 1, blockNumber: 4, version: 3 });
    await commit(exampleBatch(5, 6));
    expect(await stretch()).to.deep.equal({ startBlock: 1, blockNumber: 6, version: 4 });
    expect(await added()).to.deep.equal([1, 1, 3, 2, 4, 4]);
  });

  it('stores rows that were prepared before a repair with the version that they have in the end', async () => {
    await commit(exampleBatch(1, 2));
    const [next, last] = [exampleBatch(3, 4), exampleBatch(5, 6)];
    for (const message of [next, last]) committer.prepare(message);
    await repair(1, 'right');
    await commit(next);
    await commit(last);
    expect(await added()).to.deep.equal([2, 1, 3, 3, 4, 4]);
  });

  it('of a pipeline that another task has is lost, also where its own task still runs', async () => {
    const { knex } = database;
    const taken = knex('pipeline_checkpoint').where({ pipeline_id: pipelineId });
    await database.write([taken.update({ task_id: claimed.taskId + 1 })]);
    const error = await failure(exampleBatch(1, 2));
    expect(error).to.be.instanceOf(LeaseLostError);
    expect(String(error)).to.contain(`held by task ${claimed.taskId + 1} now`);
    expect(await blocks()).to.deep.equal([]);
  });

  it('is lost where the lease can’t be renewed', async () => {
    await claimed.tasks.cancel(claimed.taskId);
    const lost = new LeaseLostError('lost');
    lease.recovers = () => Promise.reject(lost);
    expect(await failure(exampleBatch(1, 2))).to.equal(lost);
    expect(await failure(rollback(0))).to.equal(lost);
    expect(await stretch()).to.deep.equal({ startBlock: null, blockNumber: null, version: 0 });
  });

  it('fails with any other error', async () => {
    const batch = exampleBatch(1, 1, { events: [{ ...exampleEvent(1, 0), blockHash: '0xno' }] });
    expect(await failure(batch))
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.contains('not the hex');
  });

  it('takes back what the chain has replaced, once', async () => {
    await commit(exampleBatch(1, 5));
    await commit(rollback(3), 'dropped', 'lands');
    expect(await blocks()).to.deep.equal([1, 2, 3]);
    expect(progress).to.deep.include({ nextBlock: 4, events: 3 });
    await commit(exampleBatch(4, 6));
    expect(await stretch()).to.deep.equal({ startBlock: 1, blockNumber: 6, version: 3 });
    expect(progress.events).to.equal(6);
  });

  it('takes back once also where the answer was lost', async () => {
    await commit(exampleBatch(1, 5));
    await commit(rollback(3), 'lost');
    expect(claimed.batches.sent).to.equal(2);
    expect(await blocks()).to.deep.equal([1, 2, 3]);
    await commit(exampleBatch(4, 6));
    expect(await blocks()).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it('of blocks that are stored already replaces them', async () => {
    await commit(exampleBatch(1, 5));
    await begin();
    await commit(exampleBatch(3, 4, { events: [exampleEvent(4, 7)] }));
    expect(await blocks()).to.deep.equal([1, 2, 4, 5]);
    expect(await stretch()).to.deep.equal({ startBlock: 3, blockNumber: 4, version: 2 });
    expect(await claimed.checkpoints.recentBlocks(pipelineId)).to.have.length(2);
    await commit(exampleBatch(5, 6));
    expect(await blocks()).to.deep.equal([1, 2, 4, 5, 6]);
  });

  it('that begins anew begins another stretch right behind the checkpoint, too, and the next one follows it', async () => {
    await commit(exampleBatch(1, 2));
    await begin({ fresh: true });
    await commit(exampleBatch(3, 4), 'dropped', 'lost');
    expect(await stretch()).to.deep.equal({ startBlock: 3, blockNumber: 4, version: 2 });
    const remembered = async (): Promise<number[]> =>
      (await claimed.checkpoints.recentBlocks(pipelineId)).map(({ number }) => number);
    expect(await remembered()).to.deep.equal([3, 4]);
    await commit(exampleBatch(5, 6));
    expect(await stretch()).to.deep.equal({ startBlock: 3, blockNumber: 6, version: 3 });
    expect(await remembered()).to.deep.equal([3, 4, 5, 6]);
  });

  it('behind a gap begins another stretch', async () => {
    await commit(exampleBatch(1, 2));
    await commit(exampleBatch(10, 11));
    expect(await stretch()).to.deep.equal({ startBlock: 10, blockNumber: 11, version: 2 });
    expect(await blocks()).to.deep.equal([1, 2, 10, 11]);
  });
});
