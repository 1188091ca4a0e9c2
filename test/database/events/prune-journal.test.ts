import { expect } from 'chai';
import { CallResultStore, callKey } from '../../../src/database/events/call-result-store.js';
import type { CallOutcome, KeptCall } from '../../../src/database/events/call-result-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { pruneJournal } from '../../../src/database/events/prune-journal.js';
import type { PruneOptions } from '../../../src/database/events/prune-journal.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { exampleEvent, hashOf } from '../example-batch.js';

const head = 3_500;

eachDatabase('a journal that is pruned', (databases) => {
  let database: Database;
  let pipelineId = 300;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(() => begin(1));
  after(() => database.close());

  async function begin(keepsRemoved: number): Promise<void> {
    pipelineId += 1;
    await new CheckpointStore(database).get(pipelineId);
    const { knex } = database;
    const checkpoint = knex('pipeline_checkpoint').where({ pipeline_id: pipelineId });
    await checkpoint.update({ version: head, keeps_removed: keepsRemoved });
    const versions = Array.from({ length: head }, (_item, i) => i + 1);
    const commit = { pipeline_id: pipelineId, kind: 'append', from_block: 1, to_block: 1 };
    await insert(
      'pipeline_commit',
      versions.map((version) => ({ ...commit, version })),
    );
    const event = exampleEvent(1, 0);
    const bytes = (hex: string): Buffer => Buffer.from(hex.slice(2), 'hex');
    const row = {
      pipeline_id: pipelineId,
      chain_id: 1,
      block_hash: bytes(event.blockHash),
      block_timestamp: event.timestamp,
      contract_address: bytes(event.contractAddress),
      transaction_index: 0,
      transaction_hash: bytes(event.transactionHash),
      event_name: 'Transfer',
      event_signature: 'Transfer()',
      args: '{}',
      added: 1,
    };
    const removed = [2_000, 3_000].flatMap((version) =>
      Array.from({ length: 1_500 }, (_item, i) => ({ ...row, removed: version, block_number: i, log_index: 0 })),
    );
    await insert('event_removed', removed);
  }
  const insert = async (table: string, rows: readonly object[]): Promise<void> => {
    for (let at = 0; at < rows.length; at += 50) await database.knex(table).insert(rows.slice(at, at + 50));
  };
  const left = async (): Promise<unknown> => {
    const count = async (table: string, column: string): Promise<unknown> => {
      const [row] = await database.read<object[]>((knex) =>
        knex(table).where({ pipeline_id: pipelineId }).count({ rows: '*' }).min({ oldest: column }),
      );
      return row;
    };
    return [await count('pipeline_commit', 'version'), await count('event_removed', 'removed')];
  };
  const delivered = async (...versions: readonly number[]): Promise<void> => {
    await database.knex('pipeline_sink').where({ pipeline_id: pipelineId }).delete();
    const rows = versions.map((version, i) => ({ name: `sink ${i}`, needs_version: version }));
    await insert(
      'pipeline_sink',
      rows.map((row) => ({ pipeline_id: pipelineId, type: 'recording', ...row })),
    );
  };
  const prune = (options: PruneOptions = {}): Promise<boolean> => pruneJournal(database, pipelineId, options);

  it('keeps the latest 1,000 commits of a pipeline without sinks, and nothing that was removed before', async () => {
    await begin(0);
    expect(await prune()).to.equal(true);
    expect(await left()).to.deep.equal([
      { rows: 1_000, oldest: 2_501 },
      { rows: 1_500, oldest: 3_000 },
    ]);
  });

  it('keeps everything while it is not known how far the sinks are', async () => {
    await prune();
    expect(await left()).to.deep.equal([
      { rows: 3_500, oldest: 1 },
      { rows: 3_000, oldest: 2_000 },
    ]);
  });

  it('keeps what the slowest sink has yet to deliver', async () => {
    await delivered(2_700, 1_999);
    await prune();
    expect(await left()).to.deep.equal([
      { rows: 1_501, oldest: 2_000 },
      { rows: 3_000, oldest: 2_000 },
    ]);
    await delivered(2_700, 2_000);
    await prune();
    expect(await left()).to.deep.equal([
      { rows: 1_500, oldest: 2_001 },
      { rows: 1_500, oldest: 3_000 },
    ]);
  });

  it('is pruned in small steps, and says where there is more', async () => {
    await delivered(2_500);
    expect(await prune({ batches: 1 })).to.equal(false);
    expect(await left()).to.deep.include.members([{ rows: 2_500, oldest: 1_001 }]);
    while (!(await prune({ batches: 1 })));
    expect(await left()).to.deep.equal([
      { rows: 1_000, oldest: 2_501 },
      { rows: 1_500, oldest: 3_000 },
    ]);
  });

  it('takes along what contracts answered at blocks that are final, delivered by all, and in no commit that is kept', async () => {
    const store = new CallResultStore(database);
    const kept = async (): Promise<number[]> =>
      database.read<number[]>((knex) =>
        knex('call_result').where({ pipeline_id: pipelineId }).orderBy('block_number').pluck('block_number'),
      );
    const pinned = [10, 20, 30, 40].map((number): [string, KeptCall & CallOutcome] => {
      const block = { number, hash: hashOf(`block ${number}`) };
      const call = {
        chainId: 1,
        target: `0x${'ab'.repeat(20)}`,
        data: '0x01',
        of: { pipelineId, block, at: 'event' },
      } as const;
      return [callKey(call), { ...call, outcome: 'answered', result: '0x' }];
    });
    const immutable = { chainId: 1, target: `0x${'ab'.repeat(20)}`, data: `0x${pipelineId}`, of: null };
    await store.keep(new Map([...pinned, [callKey(immutable), { ...immutable, outcome: 'answered', result: '0x' }]]));
    const commits = database.knex('pipeline_commit').where({ pipeline_id: pipelineId });
    await commits.clone().where('version', '>', 2_500).update({ from_block: 50, to_block: 50 });
    const sinks = database.knex('pipeline_sink').where({ pipeline_id: pipelineId });
    await delivered(3_500, 3_500);
    await prune();
    expect(await kept(), 'of a sink it is not known how far it is').to.deep.equal([10, 20, 30, 40]);
    await sinks.clone().update({ cursor_block: 45 });
    await sinks.clone().where({ name: 'sink 1' }).update({ cursor_block: 15 });
    await prune();
    expect(await kept(), 'a sink has yet to deliver').to.deep.equal([20, 30, 40]);
    await sinks.clone().update({ cursor_block: 45 });
    const remembered = { pipeline_id: pipelineId, block_number: 30, block_hash: Buffer.alloc(32) };
    await insert('recent_block', [remembered]);
    await prune();
    expect(await kept(), 'a block may be replaced').to.deep.equal([30, 40]);
    await database.knex('recent_block').where({ pipeline_id: pipelineId }).delete();
    await commits.clone().where({ version: head }).update({ from_block: 35 });
    await prune();
    expect(await kept(), 'a commit is kept that touched it').to.deep.equal([40]);
    expect((await store.find([callKey(immutable)])).size).to.equal(1);
  });

  it('of a pipeline that is gone has nothing to forget', async () => {
    expect(await pruneJournal(database, 1)).to.equal(true);
  });
});
