import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { compareStored } from '../../../src/database/events/compare-stored.js';
import type { Database } from '../../../src/database/database.js';
import { EventStore } from '../../../src/database/events/event-store.js';
import type { EventFilter } from '../../../src/database/events/event-store.js';
import { RepairStore } from '../../../src/database/events/repair-store.js';
import { RewindStore } from '../../../src/database/events/rewind-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { EventBatch } from '../../../src/model/batch.js';
import type { ChainEvent } from '../../../src/model/event.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { insertPipeline } from '../insert-pipeline.js';
import { rejectionOf } from '../../support/rejection.js';
import { claimRequest } from '../claim-request.js';
import { exampleBatch, exampleCommit, exampleEvent, exampleLog, hashOf, noProgress } from '../example-batch.js';

const changed = { code: 'ROWS_CHANGED', exitCode: 1 };

eachDatabase('a walk over rows of one state', (databases) => {
  let database: Database;
  let store: EventStore;
  let pipelineId = 800;
  let taskId: number;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    store = new EventStore(database);
  });
  after(() => database.close());

  /** Blocks 1 to 6 with two events and two undecoded logs each. */
  beforeEach(async () => {
    pipelineId += 1;
    await insertPipeline(database, pipelineId);
    taskId = await new TaskStore(database).claim(claimRequest({ pipelineId, holder: await holder() }));
    await append(1, 6);
  });

  const checkpoint = () => new CheckpointStore(database).get(pipelineId);
  const holder = async (): Promise<number | null> => (await checkpoint()).taskId;
  const commitBatch = async (batch: EventBatch, replaces = false): Promise<void> => {
    const { version } = await checkpoint();
    const commit = exampleCommit({ pipelineId, taskId, version, batch, replaces, forgets: replaces });
    await new BatchStore(database).commit(commit);
  };
  const batchOf = (from: number, to: number, fork = ''): EventBatch => {
    const batch = exampleBatch(from, to);
    const numbers = batch.recentBlocks.map(({ number }) => number);
    const onFork = <T extends { readonly blockNumber: number; readonly blockHash: string }>(row: T): T => ({
      ...row,
      blockHash: hashOf(`block ${row.blockNumber}${fork}`),
    });
    return {
      ...batch,
      events: numbers.flatMap((block) => [exampleEvent(block, 0), exampleEvent(block, 1)].map(onFork)),
      undecoded: numbers.flatMap((block) => [exampleLog(block, 2), exampleLog(block, 3)].map(onFork)),
    };
  };
  const append = (from: number, to: number, fork?: string): Promise<void> => commitBatch(batchOf(from, to, fork));
  const rollBack = async (to: number): Promise<void> => {
    const { version, blockNumber } = await checkpoint();
    const message = { kind: 'rollback', ancestor: { number: to, hash: hashOf(`block ${to}`) } } as const;
    const blocks = blockNumber! - to;
    await new BatchStore(database).rollback({ pipelineId, taskId, version, message, blocks, progress: noProgress });
  };
  const repair = async (block: number, events: readonly ChainEvent[]): Promise<void> => {
    const of = { pipelineId, chainId: 1 };
    const { change } = await compareStored(store, of, { from: block, to: block }, { events, undecoded: [] });
    const { version } = await checkpoint();
    const look = { ...of, block, hash: hashOf(`block ${block}`), version, isSettled: true };
    await new RepairStore(database).replace({ ...look, change });
  };
  const rewind = async (above: number): Promise<void> => {
    const { version, blockNumber } = await checkpoint();
    const to = { number: above, hash: hashOf(`block ${above}`) };
    const step = {
      pipelineId,
      holder: await holder(),
      version,
      replaces: null,
      from: blockNumber!,
      first: 1,
      above,
      childrenUpTo: above,
      to,
    };
    await new RewindStore(database).takeBack({ ...step, ends: { keepsRemembered: true } });
  };
  const forgetJournal = (): Promise<unknown> =>
    database.write([database.knex('pipeline_commit').where({ pipeline_id: pipelineId }).delete()]);

  interface Walk {
    /** What happens once so many rows were passed on. */
    readonly after: number;
    readonly pageSize?: number;
    readonly filter?: Omit<EventFilter, 'pipelineId'>;
    readonly undecoded?: boolean;
  }
  /** Walks in pages, and returns the rows' blocks. */
  const walk = async (
    { after, pageSize = 3, filter, undecoded = false }: Walk,
    happens: () => Promise<unknown>,
  ): Promise<string> => {
    const options = { pageSize, ofOneState: true };
    const of = { pipelineId, ...filter };
    const blocks: number[] = [];
    for await (const page of undecoded ? store.undecodedPages(of, options) : store.pages(of, options)) {
      blocks.push(...page.map(({ blockNumber }) => blockNumber));
      if (blocks.length === after) await happens();
    }
    return blocks.join('');
  };

  it('fails where a block of which a page ends in the middle is taken back, and comes of another fork', async () => {
    const reorg = async (): Promise<void> => {
      await rollBack(1);
      await append(2, 7, 'b');
    };
    const error = await rejectionOf(walk({ after: 3 }, reorg));
    expect(error).to.include(changed);
    expect(error.message).to.equal(
      'rows up to block 2 were taken back, or stored anew, while they were being read: ' +
        'what is written of them is of two states of the chain',
    );
  });

  it('fails where the last rows are taken back, and none come in their place', async () => {
    for (const pageSize of [3, 4]) {
      expect(await rejectionOf(walk({ after: 12, pageSize }, () => rollBack(4)))).to.include(changed);
      await append(5, 6);
    }
    expect(await rejectionOf(walk({ after: 12 }, () => rewind(3)))).to.include(changed);
  });

  it('fails for undecoded logs, too', async () => {
    expect(await rejectionOf(walk({ after: 3, undecoded: true }, () => rollBack(1)))).to.include(changed);
  });

  it('fails where what was read is put right, or stored anew', async () => {
    expect(await rejectionOf(walk({ after: 6 }, () => repair(2, [])))).to.include(changed);
    const fresh = batchOf(1, 3, 'b');
    expect(await rejectionOf(walk({ after: 6 }, () => commitBatch(fresh, true)))).to.include(changed);
  });

  it('fails where the pipeline is deleted meanwhile', async () => {
    const deleteCheckpoint = database.knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }).delete();
    expect(await rejectionOf(walk({ after: 3 }, () => database.write([deleteCheckpoint])))).to.include(changed);
  });

  it('fails where the pipeline is deleted and made anew, though the new one has more versions and the same last row', async () => {
    const makeAnew = async (): Promise<void> => {
      const anew = database.knex('pipeline_checkpoint').where({ pipeline_id: pipelineId });
      await database.write([anew.update({ epoch: 'another' })]);
      await append(7, 8);
    };
    expect(await rejectionOf(walk({ after: 3 }, makeAnew))).to.include(changed);
  });

  it('names the last block that the chain can’t replace, where blocks are remembered', async () => {
    const { hint } = (await rejectionOf(walk({ after: 9 }, () => rollBack(3)))) as { hint?: string };
    expect(hint).to.equal('run it again, or with --to-block 0: so far the chain is settled');
    await append(4, 6);
    await database.write([database.knex('recent_block').where({ pipeline_id: pipelineId }).delete()]);
    const error = (await rejectionOf(walk({ after: 9 }, () => rollBack(3)))) as { hint?: string };
    expect(error.hint).to.equal('run it again');
  });

  it('goes on where blocks are appended, or what it has not come to is taken back', async () => {
    expect(await walk({ after: 9 }, () => append(7, 8))).to.equal('1122334455667788');
    const reorg = async (): Promise<void> => {
      await rollBack(5);
      await append(6, 7, 'b');
    };
    expect(await walk({ after: 9 }, reorg)).to.equal('11223344556677');
    expect(await walk({ after: 9 }, () => rollBack(5))).to.equal('1122334455');
  });

  it('goes on where what was changed lies below what it reads', async () => {
    expect(await walk({ after: 3, filter: { fromBlock: 3 } }, () => repair(2, []))).to.equal('33445566');
  });

  it('fails by the hash of its last row where the journal has forgotten what was done', async () => {
    const appendAndForget = async (): Promise<void> => {
      await append(7, 8);
      await forgetJournal();
    };
    expect(await walk({ after: 9 }, appendAndForget)).to.equal('1122334455667788');
    const reorgTo = async (fork: string): Promise<void> => {
      await rollBack(2);
      await append(3, 8, fork);
      await forgetJournal();
    };
    expect(await rejectionOf(walk({ after: 9 }, () => reorgTo('b')))).to.include(changed);
    expect(await rejectionOf(walk({ after: 9, undecoded: true }, () => reorgTo('c')))).to.include(changed);
  });

  it('asks nothing more of the database as long as nothing is committed', async () => {
    const queries: string[] = [];
    const note = ({ sql }: { readonly sql: string }): void => void queries.push(sql);
    database.knex.on('query', note);
    try {
      await walk({ after: 3 }, () => Promise.resolve());
    } finally {
      database.knex.off('query', note);
    }
    // The last page is empty: what it is read at has to be asked for.
    expect(queries).to.have.length(6);
  });
});
