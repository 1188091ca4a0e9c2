import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { RepairStore } from '../../../src/database/events/repair-store.js';
import { RewindStore } from '../../../src/database/events/rewind-store.js';
import { deletePipeline } from '../../../src/database/pipelines/delete-pipeline.js';
import { FenceError } from '../../../src/database/script.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { EarlierBatch, EventBatch, RollbackMessage } from '../../../src/model/batch.js';
import type { ChainEvent } from '../../../src/model/event.js';
import type { FactoryChild, FoundChildren } from '../../../src/model/factory-child.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { insertPipeline } from '../insert-pipeline.js';
import { rejectionOf } from '../../support/rejection.js';
import { claimRequest } from '../claim-request.js';
import { exampleBatch, exampleCommit, exampleEvent, hashOf, noProgress } from '../example-batch.js';

const one = `0x${'a1'.repeat(20)}`;
const two = `0x${'b2'.repeat(20)}`;
const child = (address: string, since: number, earlier: FactoryChild['earlier'] = null): FactoryChild => ({
  level: 0,
  address,
  since,
  earlier,
});
const eventOf = (contractAddress: string, block: number): ChainEvent => ({
  ...exampleEvent(block, 5),
  contractAddress,
});

eachDatabase('the children of a factory', (databases) => {
  let database: Database;
  let batches: BatchStore;
  let pipelineId = 7_000;
  let taskId: number;
  let version: number;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    batches = new BatchStore(database);
  });
  beforeEach(async () => {
    pipelineId += 1;
    version = 0;
    await insertPipeline(database, pipelineId);
    await new CheckpointStore(database).get(pipelineId);
    taskId = await new TaskStore(database).claim(claimRequest({ pipelineId }));
  });
  after(() => database.close());

  const found = (knownFrom: number, knownTo: number, ...children: FactoryChild[]): FoundChildren => ({
    definition: 'd'.repeat(64),
    knownFrom,
    knownTo,
    children,
  });
  const commit = async (batch: EventBatch): Promise<void> => {
    await batches.commit(exampleCommit({ pipelineId, taskId, version, batch }));
    version += 1;
  };
  const keep = (message: FoundChildren): Promise<void> =>
    batches.keepChildren({
      pipelineId,
      taskId,
      version,
      progress: noProgress,
      message: { kind: 'children', ...message },
    });
  const earlier = async (changes: Partial<EarlierBatch>): Promise<void> => {
    const batch = {
      kind: 'earlier' as const,
      fromBlock: 1,
      toBlock: 4,
      addresses: [one],
      events: [],
      undecoded: [],
      early: [],
      ...changes,
    };
    await batches.commitEarlier({ pipelineId, taskId, version, chainId: 1, batch, progress: noProgress });
    version += 1;
  };
  const rollback = async (number: number, children: Partial<RollbackMessage> = {}): Promise<number> => {
    const message = { kind: 'rollback' as const, ancestor: { number, hash: hashOf(`block ${number}`) }, ...children };
    const commit = { pipelineId, taskId, version, message, blocks: 9 - number, progress: noProgress };
    const taken = await batches.rollback(commit);
    version += 1;
    return taken;
  };
  const rows = async (): Promise<string[]> => {
    const found = await database.read<{ block_number: number; contract_address: Buffer }[]>((knex) =>
      knex('event').where({ pipeline_id: pipelineId }).orderBy(['block_number', 'log_index']),
    );
    return found.map((row) => `${row.block_number} ${row.contract_address.toString('hex').slice(0, 2)}`);
  };

  it('are stored ahead of blocks, and with the blocks in which they were found', async () => {
    expect(await batches.knownChildren(pipelineId)).to.equal(null);
    await keep(found(-1, 4, child(one, 3)));
    await keep(found(-1, 4, child(one, 3)));
    await commit(exampleBatch(1, 9, { found: found(4, 9, child(two, 8, { from: 1, to: 7 })) }));
    expect(await batches.knownChildren(pipelineId)).to.deep.equal({
      definition: 'd'.repeat(64),
      knownTo: 9,
      children: [child(one, 3), child(two, 8, { from: 1, to: 7 })],
    });
  });

  it('are stored by nobody who does not hold the pipeline', async () => {
    version = 3;
    expect(await rejectionOf(keep(found(-1, 4, child(one, 3))))).to.be.instanceOf(FenceError);
    expect(await rejectionOf(earlier({ events: [eventOf(one, 2)] }))).to.be.instanceOf(FenceError);
    expect(await batches.knownChildren(pipelineId)).to.equal(null);
    expect(await rows()).to.deep.equal([]);
  });

  it('get their earlier rows, in place of what is there of them and of nobody else', async () => {
    const batch = exampleBatch(1, 9, { found: found(-1, 9, child(one, 8, { from: 1, to: 7 })) });
    await commit({ ...batch, events: [eventOf(two, 2), eventOf(one, 3), eventOf(one, 9)], undecoded: [] });
    const events = [eventOf(one, 2), eventOf(one, 4)].map((event) => ({ ...event, logIndex: 6 }));
    await earlier({ events, early: [{ address: one, firstBlock: 2 }] });
    await earlier({ events });
    expect(await rows()).to.deep.equal(['2 b2', '2 a1', '4 a1', '9 a1']);
    expect((await batches.knownChildren(pipelineId))?.children).to.deep.equal([child(one, 8, { from: 5, to: 7 })]);
    await earlier({ fromBlock: 5, toBlock: 7 });
    expect((await batches.knownChildren(pipelineId))?.children).to.deep.equal([child(one, 8)]);
  });

  it('go with all their rows where what announced them is taken back', async () => {
    const batch = exampleBatch(1, 9, { found: found(-1, 9, child(one, 8), child(two, 3)) });
    const early = [{ address: one, firstBlock: 2 }];
    await commit({
      ...batch,
      events: [2, 3, 9].flatMap((block) => [eventOf(one, block), { ...eventOf(two, block), logIndex: 7 }]),
      early,
    });
    expect(await rollback(7)).to.equal(4);
    expect(await rows()).to.deep.equal(['2 b2', '3 b2']);
    expect(await batches.knownChildren(pipelineId)).to.deep.include({ knownTo: 7, children: [child(two, 3)] });
    await rollback(6, { childrenUpTo: -1 });
    expect(await batches.knownChildren(pipelineId)).to.deep.include({ knownTo: -1, children: [] });
  });

  it('go with all rows that they have from a block on where nobody knows what their announcements are worth', async () => {
    const batch = exampleBatch(1, 9, { found: found(-1, 9, child(one, 3)) });
    const events = [2, 3, 5, 9].map((block) => eventOf(one, block));
    await commit({
      ...batch,
      events: [...events, { ...eventOf(two, 5), logIndex: 7 }],
      early: [{ address: one, firstBlock: 2 }],
    });
    expect(await rollback(7, { childrenUpTo: -1, childRowsFrom: 3 })).to.equal(3);
    expect(await rows()).to.deep.equal(['2 a1', '5 b2']);
  });

  it('keep their rows where they go as a factory alone, and stay what is read', async () => {
    const factory = { ...child(one, 8), level: 0 };
    const read = { ...child(one, 3, { from: 1, to: 2 }), level: 1 };
    await commit({
      ...exampleBatch(1, 9, { found: found(-1, 9, factory, read) }),
      events: [eventOf(one, 2), eventOf(one, 4)],
      early: [{ address: one, firstBlock: 2 }],
    });
    await rollback(7);
    expect(await rows()).to.deep.equal(['2 a1', '4 a1']);
    await rollback(2);
    expect(await rows()).to.deep.equal([]);
  });

  describe('that are put right', () => {
    const replace = (missing: readonly FactoryChild[], extra: readonly FactoryChild[], knownTo = 9): Promise<void> =>
      new RepairStore(database).replaceChildren({
        ...{ pipelineId, chainId: 1, version, missing, extra },
        known: { definition: 'd'.repeat(64), knownTo },
      });
    const inner = { ...child(one, 3), level: 1 };
    beforeEach(() =>
      commit({
        ...exampleBatch(1, 9, { found: found(-1, 9, child(one, 8), child(two, 3), inner) }),
        events: [eventOf(one, 2), eventOf(two, 4)],
      }),
    );

    it('take all rows of those that are none along', async () => {
      const three = child(`0x${'c3'.repeat(20)}`, 5, { from: 1, to: 9 });
      await replace([three], [child(two, 3)]);
      expect(await rows()).to.deep.equal(['2 a1']);
      expect((await batches.knownChildren(pipelineId))?.children).to.deep.equal([inner, three, child(one, 8)]);
    });

    it('leave the rows of those that are none as a factory alone', async () => {
      await replace([], [child(one, 8)]);
      expect(await rows()).to.deep.equal(['2 a1', '4 b2']);
      version += 1;
      await replace([], [inner]);
      expect(await rows()).to.deep.equal(['4 b2']);
    });

    it('stay as they are where others have been found since', async () => {
      await keep(found(9, 12));
      expect(await rejectionOf(replace([], [child(two, 3)]))).to.be.instanceOf(FenceError);
      expect(await rows()).to.deep.equal(['2 a1', '4 b2']);
      await replace([], [child(two, 3)], 12);
    });
  });

  it('go in the same way when a person rewinds', async () => {
    const batch = exampleBatch(1, 9, { found: found(-1, 9, child(one, 8), child(two, 3, { from: 1, to: 6 })) });
    await commit({
      ...batch,
      events: [eventOf(one, 2), { ...eventOf(two, 2), logIndex: 7 }],
      early: [{ address: one, firstBlock: 2 }],
    });
    const taken = await new RewindStore(database).takeBack({
      ...{ pipelineId, holder: taskId, version, replaces: null, from: 9, above: 4, first: 1, childrenUpTo: 4 },
      to: { number: 4, hash: hashOf('block 4') },
      ends: { keepsRemembered: true },
    });
    expect(taken).to.deep.equal({ events: 1, undecoded: 1 });
    expect(await rows()).to.deep.equal(['2 b2']);
    expect(await batches.knownChildren(pipelineId)).to.deep.include({
      knownTo: 4,
      children: [child(two, 3, { from: 1, to: 4 })],
    });
  });

  it('go above the block up to which the chain is known when a person rewinds, with their rows below the block that is rewound to', async () => {
    const known = child(one, 3, { from: 1, to: 8 });
    const batch = exampleBatch(1, 9, { found: found(-1, 9, known, child(two, 5)) });
    const events = [4, 6].flatMap((block) => [eventOf(one, block), { ...eventOf(two, block), logIndex: 7 }]);
    await commit({ ...batch, events, early: [{ address: two, firstBlock: 4 }] });
    await new RewindStore(database).takeBack({
      ...{ pipelineId, holder: taskId, version, replaces: null, from: 9, first: 1, above: 6, childrenUpTo: 3 },
      to: { number: 6, hash: hashOf('block 6') },
      ends: { keepsRemembered: true },
    });
    expect(await rows()).to.deep.equal(['4 a1', '6 a1']);
    const children = [child(one, 3, { from: 1, to: 6 })];
    expect(await batches.knownChildren(pipelineId)).to.deep.include({ knownTo: 3, children });
  });

  it('go with their pipeline', async () => {
    await keep(found(-1, 4, child(one, 3)));
    await database.write([database.knex('pipeline_task').where({ id: taskId }).update({ status: 1 })]);
    await deletePipeline(database, pipelineId, 30);
    expect(await batches.knownChildren(pipelineId)).to.equal(null);
  });
});
