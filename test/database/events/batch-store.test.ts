import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import type { BatchCommit } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { FenceError } from '../../../src/database/script.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { EventBatch } from '../../../src/model/batch.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { claimRequest } from '../claim-request.js';
import { giveAnew, here, others } from '../given-anew.js';
import { exampleBatch, exampleCommit, exampleEvent, hashOf, noProgress } from '../example-batch.js';
import { rejectionOf } from '../../support/rejection.js';

eachDatabase('the batches', (databases) => {
  let database: Database;
  let batches: BatchStore;
  let checkpoints: CheckpointStore;
  let tasks: TaskStore;
  let pipelineId = 200;
  let taskId: number;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    batches = new BatchStore(database, here);
    checkpoints = new CheckpointStore(database);
    tasks = new TaskStore(database);
  });
  beforeEach(async () => {
    pipelineId += 1;
    await checkpoints.get(pipelineId);
    taskId = await tasks.claim(claimRequest({ pipelineId }));
  });
  after(() => database.close());

  const toCommit = (version: number, batch: EventBatch, changes: Partial<BatchCommit> = {}): BatchCommit =>
    exampleCommit({
      ...{ pipelineId, taskId, version, batch, chainId: 56, progress: { ...noProgress, events: 7 } },
      ...changes,
    });
  const commit = (...args: Parameters<typeof toCommit>): Promise<void> => batches.commit(toCommit(...args));
  const rollBack = (version: number, ancestor: number): Promise<number> => {
    const message = { kind: 'rollback', ancestor: { number: ancestor, hash: hashOf(`block ${ancestor}`) } } as const;
    return batches.rollback({
      pipelineId,
      taskId,
      version,
      message,
      blocks: 2,
      progress: { ...noProgress, events: 5 },
    });
  };
  const isFenced = (work: Promise<unknown>): Promise<boolean> =>
    work.then(
      () => false,
      (error: unknown) => error instanceof FenceError,
    );
  const numbersIn = (table: string): Promise<number[]> =>
    database.read((knex) =>
      knex(table).where({ pipeline_id: pipelineId }).orderBy('block_number').pluck('block_number'),
    );
  const everything = async (): Promise<unknown> => [
    await numbersIn('event'),
    await numbersIn('undecoded_log'),
    await checkpoints.recentBlocks(pipelineId),
    await checkpoints.get(pipelineId),
    (await tasks.get(taskId)).progress,
  ];

  it('begin with an empty checkpoint that names the task', async () => {
    const empty = { chainId: null, startBlock: null, blockNumber: null, blockHash: null, version: 0 };
    expect(await checkpoints.get(pipelineId)).to.deep.equal({ pipelineId, taskId, ...empty });
    expect(await batches.newestStoredBlock(pipelineId)).to.equal(-1);
  });

  it('are stored with the checkpoint, the beat and the progress', async () => {
    await commit(0, exampleBatch(1, 3));
    expect(await checkpoints.get(pipelineId)).to.deep.equal({
      pipelineId,
      taskId,
      chainId: 56,
      startBlock: 1,
      blockNumber: 3,
      blockHash: hashOf('block 3'),
      version: 1,
    });
    const task = await tasks.get(taskId);
    expect(task.progress?.events).to.equal(7);
    expect(task.heartbeatAgeSeconds).to.be.within(0, 2);
    expect(await numbersIn('event')).to.deep.equal([1, 2, 3]);
    expect(await numbersIn('undecoded_log')).to.deep.equal([3]);
    expect(await batches.newestStoredBlock(pipelineId)).to.equal(3);
  });

  it('are stored as they are where their rows were built before', async () => {
    const [first, second] = [exampleBatch(1, 3), exampleBatch(4, 4)];
    const rows = [first, second].map((batch, i) => batches.prepare({ pipelineId, chainId: 56, added: i + 1 }, batch));
    await batches.commit(toCommit(0, first), rows[0]);
    await batches.commit(toCommit(1, second), rows[1]);
    expect(await numbersIn('event')).to.deep.equal([1, 2, 3, 4]);
    expect(await numbersIn('undecoded_log')).to.deep.equal([3, 4]);
  });

  it('are stored under their own pipeline and chain, also where they were prepared for another', async () => {
    const batch = exampleBatch(1, 3);
    await batches.commit(
      toCommit(0, batch),
      batches.prepare({ pipelineId: pipelineId - 1, chainId: 56, added: 1 }, batch),
    );
    expect(await numbersIn('event')).to.deep.equal([1, 2, 3]);
    const next = exampleBatch(4, 6);
    await batches.commit(toCommit(1, next), batches.prepare({ pipelineId, chainId: 1, added: 2 }, next));
    const chains = await database.read((knex) => knex('event').where({ pipeline_id: pipelineId }).pluck('chain_id'));
    expect(chains).to.deep.equal([56, 56, 56, 56, 56, 56]);
  });

  it('are stored with their own version, also where they were prepared for another', async () => {
    const batch = exampleBatch(1, 3);
    await batches.commit(toCommit(0, batch), batches.prepare({ pipelineId, chainId: 56, added: 7 }, batch));
    const added = await database.read((knex) => knex('event').where({ pipeline_id: pipelineId }).pluck('added'));
    expect(added).to.deep.equal([1, 1, 1]);
  });

  it('that can’t be stored say so, and nothing is written', async () => {
    const batch = exampleBatch(1, 1, { events: [{ ...exampleEvent(1, 0), blockHash: '0xnone' }] });
    const error: unknown = await rejectionOf(commit(0, batch));
    expect(String(error)).to.match(/not the hex of whole bytes: 0xnone/);
    expect((await checkpoints.get(pipelineId)).version).to.equal(0);
  });

  it('keep an event byte for byte', async () => {
    const event = { ...exampleEvent(5, 2), eventName: '__proto__', argsJson: '{"s":"it\'s 💸\\u0000\\\\","b":"0x"}' };
    await commit(0, exampleBatch(5, 5, { events: [event] }));
    const [row] = await database.read<unknown[]>((knex) => knex('event').where({ pipeline_id: pipelineId }));
    const bytes = (hex: string): Buffer => Buffer.from(hex.slice(2), 'hex');
    expect(row).to.deep.equal({
      pipeline_id: pipelineId,
      block_number: 5,
      log_index: 2,
      transaction_hash: bytes(event.transactionHash),
      chain_id: 56,
      block_hash: bytes(event.blockHash),
      block_timestamp: event.timestamp,
      transaction_index: 1,
      contract_address: bytes(event.contractAddress),
      event_name: '__proto__',
      event_signature: event.eventSignature,
      args: event.argsJson,
      added: 1,
    });
    const [log] = await database.read<unknown[]>((knex) => knex('undecoded_log').where({ pipeline_id: pipelineId }));
    expect(log).to.deep.include({
      reason: 'unknown_event',
      topics: JSON.stringify([hashOf('topic')]),
      data: '0xC0ffee',
    });
  });

  const zombies: [string, () => Promise<unknown>][] = [
    ['its task was cancelled', () => tasks.cancel(taskId)],
    ['its task has failed', () => tasks.finish(taskId, { status: 2, endReason: 'timeout', error: null }, null)],
    ...others.map((other): [string, () => Promise<unknown>] => [
      `its id was given to another process (${Object.keys(other).join()})`,
      () => giveAnew(database, taskId, other),
    ]),
    [
      'the checkpoint names another task, though its own still runs',
      () =>
        database.write([
          database
            .knex('pipeline_checkpoint')
            .where({ pipeline_id: pipelineId })
            .update({ task_id: taskId + 1 }),
        ]),
    ],
    [
      'the version has moved',
      () =>
        database.write([
          database.knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }).update({ version: 9 }),
        ]),
    ],
  ];
  for (const [why, happen] of zombies) {
    it(`are not stored, and nothing is taken back, where ${why}`, async () => {
      await commit(0, exampleBatch(1, 3));
      await happen();
      const before = await everything();
      expect(await isFenced(commit(1, exampleBatch(4, 5)))).to.equal(true);
      expect(await isFenced(rollBack(1, 2))).to.equal(true);
      expect(await everything()).to.deep.equal(before);
    });
  }

  it('are neither read of earlier blocks nor told of children where its id was given to another process', async () => {
    await commit(0, exampleBatch(5, 5));
    await giveAnew(database, taskId);
    const before = await everything();
    const guard = { pipelineId, taskId, version: 1, chainId: 56, progress: noProgress };
    const { events, undecoded } = exampleBatch(1, 3);
    const range = { fromBlock: 1, toBlock: 3 };
    const earlier = { kind: 'earlier', ...range, addresses: [], early: [], events, undecoded } as const;
    const found = { kind: 'children', definition: 'a'.repeat(64), knownFrom: -1, knownTo: 3, children: [] } as const;
    expect(await isFenced(batches.commitEarlier({ ...guard, batch: earlier }))).to.equal(true);
    expect(await isFenced(batches.keepChildren({ ...guard, message: found }))).to.equal(true);
    expect(await everything()).to.deep.equal(before);
  });

  it('land once however often they are sent', async () => {
    await commit(0, exampleBatch(1, 3));
    expect(await isFenced(commit(0, exampleBatch(1, 3, { events: [] }), { replaces: true }))).to.equal(true);
    expect(await numbersIn('event')).to.deep.equal([1, 2, 3]);
  });

  it('are taken back above an ancestor, and only there', async () => {
    await commit(0, exampleBatch(1, 3));
    await commit(1, exampleBatch(4, 6));
    expect(await rollBack(2, 2)).to.equal(4);
    expect(await numbersIn('event')).to.deep.equal([1, 2]);
    expect(await numbersIn('undecoded_log')).to.deep.equal([]);
    expect(await numbersIn('recent_block')).to.deep.equal([1, 2]);
    const { blockNumber, blockHash, version, startBlock } = await checkpoints.get(pipelineId);
    expect([blockNumber, blockHash, version, startBlock]).to.deep.equal([2, hashOf('block 2'), 3, 1]);
    expect((await tasks.get(taskId)).progress?.events).to.equal(5);
  });

  it('replace the rows of their blocks where there may be some', async () => {
    await commit(0, exampleBatch(1, 5));
    await commit(1, exampleBatch(2, 3, { events: [exampleEvent(3, 9)] }), { replaces: true, forgets: true });
    expect(await numbersIn('event')).to.deep.equal([1, 3, 4, 5]);
    expect(await numbersIn('undecoded_log')).to.deep.equal([3, 5]);
  });

  it('forget the blocks of another stretch', async () => {
    await commit(0, exampleBatch(1, 3));
    await commit(1, exampleBatch(10, 11), { forgets: true, startBlock: 10 });
    expect(await numbersIn('recent_block')).to.deep.equal([10, 11]);
    expect((await checkpoints.get(pipelineId)).startBlock).to.equal(10);
  });

  it('forget blocks that the chain can’t replace any more, and remember the others with their hashes', async () => {
    await commit(0, exampleBatch(1, 6));
    await commit(1, exampleBatch(7, 8, { finalizedBlock: 5 }));
    const kept = [6, 7, 8].map((number) => ({ number, hash: hashOf(`block ${number}`) }));
    expect(await checkpoints.recentBlocks(pipelineId)).to.deep.equal(kept);
  });

  it('know the newest block with rows, be they events or undecoded logs', async () => {
    await commit(0, exampleBatch(1, 4, { events: [exampleEvent(2, 0)], undecoded: [] }));
    expect(await batches.newestStoredBlock(pipelineId)).to.equal(2);
    await commit(1, exampleBatch(5, 8, { events: [] }));
    expect(await batches.newestStoredBlock(pipelineId)).to.equal(8);
  });

  it('of two pipelines are strangers', async () => {
    const other = pipelineId;
    await commit(0, exampleBatch(1, 3));
    pipelineId += 1;
    await checkpoints.get(pipelineId);
    taskId = await tasks.claim(claimRequest({ pipelineId }));
    await commit(0, exampleBatch(1, 3));
    expect(await rollBack(1, 0)).to.equal(3);
    pipelineId = other;
    expect(await numbersIn('event')).to.deep.equal([1, 2, 3]);
    expect(await numbersIn('recent_block')).to.deep.equal([1, 2, 3]);
  });
});
