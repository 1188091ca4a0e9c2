import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { JournalStore } from '../../../src/database/events/journal-store.js';
import type { DifferenceOptions, DifferencePage } from '../../../src/database/events/difference.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { EventBatch } from '../../../src/model/batch.js';
import { RunJournal } from '../../../src/tasks/outbox/run-journal.js';
import { claimRequest } from '../../database/claim-request.js';
import { exampleBatch, exampleCommit, exampleEvent } from '../../database/example-batch.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { seededRandom } from '../../support/seeded-random.js';

interface Asked extends DifferenceOptions {
  readonly from: number;
  readonly to: number;
}

/** A journal whose database must not be asked. */
const unasked = (): RunJournal => new RunJournal(null as never);

async function pagesOf(journal: JournalStore, pipelineId: number, { from, to, ...options }: Asked) {
  const pages: DifferencePage[] = [];
  for await (const { op, events } of journal.difference(pipelineId, { from, to }, options)) {
    // A run has the addresses of contracts in EIP-55, the table in lower case.
    const alike = events.map((event) => ({ ...event, contractAddress: event.contractAddress.toLowerCase() }));
    pages.push({ op, events: alike });
  }
  return pages;
}

/** Commits of two blocks each, of which every fourth has no event. */
function batchOf(version: number, changes: Partial<EventBatch> = {}): EventBatch {
  const [first, last] = [2 * version - 1, 2 * version];
  const transfer = exampleEvent(first, 0);
  const approval = {
    ...exampleEvent(last, 2),
    eventName: 'Approval',
    eventSignature: 'Approval(uint256)',
    contractAddress: `0x${'Ab'.repeat(20)}`,
  };
  const events = version % 4 === 0 ? [] : [transfer, exampleEvent(last, 1), approval];
  return exampleBatch(first, last, { events, undecoded: [], ...changes });
}

const appended = (version: number, changes: Partial<EventBatch> = {}) => ({
  ...{ chainId: 1, version, batch: batchOf(version, changes) },
});

eachDatabase('the journal of a run', (databases) => {
  let database: Database;
  const pipelineId = 900;
  const commits = 9;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    await new CheckpointStore(database).get(pipelineId);
    const taskId = await new TaskStore(database).claim(claimRequest({ pipelineId, holder: null, keepsRemoved: true }));
    const batches = new BatchStore(database);
    for (let version = 1; version <= commits; version++) {
      const batch = batchOf(version);
      await batches.commit(exampleCommit({ pipelineId, taskId, version: version - 1, batch }));
    }
  });
  after(() => database.close());

  it('tells what was committed last as the table does, page by page', async () => {
    const [random, run, stored] = [seededRandom(3), unasked(), new JournalStore(database)];
    const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
    for (let version = 3; version <= commits; version++) run.keep(appended(version));
    for (let i = 0; i < 60; i++) {
      const from = between(2, commits);
      const to = between(Math.max(3, from), commits);
      const isFinal = between(0, 1) === 1;
      const block = between(4, 18);
      const asked: Asked = {
        ...{ from, to, pageSize: between(1, 7) },
        ...(isFinal ? { reach: { from: block, to: between(block - 1, 20) } } : {}),
        ...(between(0, 2) === 0
          ? { eventNames: [between(0, 1) === 0 ? 'Approval' : 'Approval(uint256)', 'Other'] }
          : {}),
        ...(between(0, 2) === 0 ? { base: { version: between(0, 9), block: between(0, 18) } } : {}),
      };
      const told = await pagesOf(run, pipelineId, asked);
      expect(told, JSON.stringify(asked)).to.deep.equal(await pagesOf(stored, pipelineId, asked));
    }
  });

  it('says where in the table the events of each page lie, and nothing else does', async () => {
    const [random, run] = [seededRandom(5), unasked()];
    const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
    for (let version = 3; version <= commits; version++) run.keep(appended(version));
    for (let i = 0; i < 60; i++) {
      const from = between(2, commits - 1);
      const versions = { from, to: between(Math.max(3, from), commits) };
      const options = {
        pageSize: between(1, 7),
        ...(between(0, 1) === 1 ? { reach: { from: between(4, 18), to: between(4, 20) } } : {}),
        ...(between(0, 2) === 0
          ? { eventNames: [between(0, 1) === 0 ? 'Approval' : 'Approval(uint256)', 'Other'] }
          : {}),
      };
      for await (const { events, stored } of run.difference(pipelineId, versions, options)) {
        const { from: first, to: last, version, kinds, count } = stored!;
        const rows = await database.read<Record<string, unknown>[]>((knex) =>
          knex('event')
            .where({ pipeline_id: pipelineId })
            .where('added', '<=', version)
            .whereBetween('block_number', [first.blockNumber, last.blockNumber])
            .whereIn(
              'event_signature',
              [...kinds].map((kind) => kind.eventSignature),
            )
            .orderBy(['block_number', 'log_index']),
        );
        const places = rows
          .map((row) => [Number(row['block_number']), Number(row['log_index'])] as const)
          .filter(([block, log]) => block > first.blockNumber || log >= first.logIndex)
          .filter(([block, log]) => block < last.blockNumber || log <= last.logIndex);
        const asked = JSON.stringify({ versions, options });
        expect(
          events.map(({ blockNumber, logIndex }) => [blockNumber, logIndex]),
          asked,
        ).to.deep.equal(places);
        expect([count, version], asked).to.deep.equal([events.length, versions.to]);
        expect(
          kinds.reduce((sum, kind) => sum + kind.count, 0),
          asked,
        ).to.equal(count);
      }
    }
  });

  it('does not say it of what a sink was given a part of before', async () => {
    const run = unasked();
    for (let version = 3; version <= commits; version++) run.keep(appended(version));
    const saysWhere = async (base: DifferenceOptions['base']): Promise<boolean> => {
      for await (const { stored } of run.difference(pipelineId, { from: 2, to: 5 }, { base }))
        return stored !== undefined;
      throw new Error('there are no events');
    };
    expect(await saysWhere({ version: 2, block: 7 })).to.equal(true);
    expect(await saysWhere({ version: 3, block: 5 })).to.equal(false);
  });

  it('asks the table for what it lacks a part of', async () => {
    const run = new RunJournal(database);
    for (let version = 4; version <= commits; version++) run.keep(appended(version));
    const stored = new JournalStore(database);
    for await (const page of run.difference(pipelineId, { from: 2, to: commits })) {
      expect(page).not.to.have.property('stored');
    }
    for (const asked of [
      { from: 0, to: commits },
      { from: 2, to: commits },
      { from: 3, to: commits, reach: { from: 1, to: 18 } },
      { from: 3, to: commits, after: { op: 'insert', place: exampleEvent(9, 0) } } as const,
    ]) {
      expect(await pagesOf(run, pipelineId, asked)).to.deep.equal(await pagesOf(stored, pipelineId, asked));
    }
  });
});

describe('the journal of a run', () => {
  const asks = (run: RunJournal, asked: Asked): Promise<boolean> =>
    pagesOf(run, 1, asked).then(
      () => false,
      () => true,
    );

  it('knows nothing of what was before a version or a block that it was not told of', async () => {
    const run = unasked();
    run.keep(appended(1));
    run.keep(appended(2));
    expect(await asks(run, { from: 0, to: 2 })).to.equal(false);
    // A rollback took version 3, or a repair did.
    run.keep(appended(4));
    expect(await asks(run, { from: 2, to: 4 })).to.equal(true);
    expect(await asks(run, { from: 3, to: 4 })).to.equal(false);
    run.keep({ ...appended(9), version: 5 });
    expect(await asks(run, { from: 3, to: 5 })).to.equal(true);
  });

  it('leaves to the table what stands in another order there', async () => {
    const run = unasked();
    const events = [exampleEvent(1, 1), exampleEvent(1, 0)];
    for (const changes of [
      { events },
      { events: [exampleEvent(0, 0)] },
      { events: [exampleEvent(1, 1), exampleEvent(1, 1)] },
    ]) {
      run.keep(appended(1, changes));
      expect(await asks(run, { from: 0, to: 1 })).to.equal(true);
    }
  });

  it('keeps no more than some commits, events and arguments', async () => {
    for (const { events, length, kept } of [
      { events: 0, length: 0, kept: 64 },
      { events: 15_000, length: 1, kept: 2 },
      { events: 2, length: 3_000_000, kept: 2 },
    ]) {
      const run = unasked();
      const example = { ...exampleEvent(0, 0), argsJson: 'x'.repeat(length) };
      for (let block = 1; block <= 80; block++) {
        const made = Array.from({ length: events }, (_, logIndex) => ({ ...example, blockNumber: block, logIndex }));
        run.keep({ chainId: 1, version: block, batch: exampleBatch(block, block, { events: made }) });
      }
      expect(await asks(run, { from: 80 - kept, to: 80 })).to.equal(false);
      expect(await asks(run, { from: 79 - kept, to: 80 })).to.equal(true);
    }
  });

  it('forgets what all sinks have been told, and nothing that one of them may yet ask for', async () => {
    const run = unasked();
    for (let version = 1; version <= 5; version++) run.keep(appended(version));
    run.forget([{ version: 5, block: null }, null]);
    expect(await asks(run, { from: 0, to: 5 })).to.equal(false);
    run.forget([
      { version: 2, block: null },
      { version: 4, block: null },
    ]);
    expect(await asks(run, { from: 1, to: 5 })).to.equal(true);
    expect(await asks(run, { from: 2, to: 5 })).to.equal(false);
    // The rows of version 4 lie above the block up to which it has been told.
    run.forget([{ version: 5, block: 6 }]);
    expect(await asks(run, { from: 3, to: 5, reach: { from: 6, to: 10 } })).to.equal(false);
    run.forget([{ version: 5, block: null }]);
    run.keep(appended(6));
    expect(await asks(run, { from: 5, to: 6 })).to.equal(false);
  });

  it('says of a version whether half of what can be kept came since', () => {
    const run = unasked();
    const half = 20_000;
    for (let version = 1; version <= 3; version++) {
      const events = Array.from({ length: half / 2 }, (_, logIndex) => exampleEvent(version, logIndex));
      run.keep({ chainId: 1, version, batch: exampleBatch(version, version, { events }) });
    }
    expect([0, 1, 2].map((version) => run.isHalfFullSince(version))).to.deep.equal([true, false, false]);
    run.forget([{ version: 1, block: null }]);
    expect(run.isHalfFullSince(0), 'of which something is gone').to.equal(false);
  });
});
