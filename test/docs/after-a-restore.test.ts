import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../src/database/database.js';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import { pruneJournal } from '../../src/database/events/prune-journal.js';
import { RewindStore } from '../../src/database/events/rewind-store.js';
import { ShardStore } from '../../src/database/events/shard-store.js';
import { StoredBlocks } from '../../src/database/events/stored-blocks.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import type { EventMessage } from '../../src/model/event-message.js';
import { rewindPipeline } from '../../src/tasks/rewind/rewind-pipeline.js';
import { exampleBatch, exampleEvent, hashOf } from '../database/example-batch.js';
import { insertPipeline } from '../database/insert-pipeline.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { projectRoot } from '../support/processes.js';
import { rejectionOf } from '../support/rejection.js';
import { eventually } from '../support/within.js';
import { FailingTable } from '../tasks/outbox/failing-table.js';
import { FilesOf } from '../tasks/outbox/files-of.js';
import { OutboxRuns, eventOn, noMore } from '../tasks/outbox/outbox-fixture.js';
import type { Send } from '../tasks/outbox/outbox-fixture.js';
import { RecordingSink } from '../tasks/outbox/recording-sink.js';
import { claimOptions } from '../tasks/run/task-fixture.js';

/** What a backup holds of a pipeline. */
const tables = [
  ...['pipeline_checkpoint', 'pipeline_commit', 'event', 'event_removed', 'undecoded_log', 'recent_block'],
  ...['pipeline_sink', 'sink_dead_letter'],
];

/** Each block in a commit of its own. */
const oneByOne = (from: number, to: number): Send =>
  async function* () {
    await Promise.resolve();
    for (let block = from; block <= to; block++) yield exampleBatch(block, block);
  };

const takenBackTo = (number: number) => ({
  kind: 'rollback' as const,
  ancestor: { number, hash: hashOf(`block ${number}`) },
});

const highest = (messages: readonly EventMessage[]): number => Math.max(...messages.map(({ seq }) => seq));

eachDatabase('what the page on operations does after a restore', (databases) => {
  let database: Database;
  let runs: OutboxRuns;
  let sink: RecordingSink;
  let pipelineId = 800;

  const page = readFileSync(join(projectRoot, 'docs/operations.md'), 'utf8');
  const [, block = ''] = /^### Sinks after a restore\n[^]*?^```sql\n([^]*?)^```/m.exec(page) ?? [];
  const statements = block.split(';').filter((sql) => sql.trim() !== '');

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(async () => {
    pipelineId += 1;
    await insertPipeline(database, pipelineId);
    runs = new OutboxRuns(database, pipelineId);
    sink = new RecordingSink();
  });
  after(() => database.close());

  async function backUp(): Promise<() => Promise<void>> {
    const { knex } = database;
    const rows = new Map<string, readonly object[]>();
    for (const table of tables) {
      rows.set(table, await database.read<object[]>(() => knex(table).where({ pipeline_id: pipelineId })));
    }
    return async () => {
      for (const [table, kept] of rows) {
        await database.write([
          knex(table).where({ pipeline_id: pipelineId }).delete(),
          ...(kept.length === 0 ? [] : [knex(table).insert(kept)]),
        ]);
      }
    };
  }

  /** Goes back to block 4 at version 4, behind which the receiver has blocks up to 12 at versions up to 12. */
  async function restored(): Promise<void> {
    await runs.run([sink.openable()], oneByOne(1, 4));
    const restore = await backUp();
    await runs.run([sink.openable()], oneByOne(5, 12));
    await restore();
    await raise();
  }

  async function raise(): Promise<void> {
    await database.write(statements.map((sql) => database.knex.raw(sql)));
  }

  /** Reads the lost stretch in one commit; once it is told, the chain takes some of it back, and other blocks come. */
  const reorganised: Send = async function* () {
    const before = sink.messages.length;
    yield exampleBatch(5, 12);
    await eventually('the lost stretch', () => sink.messages.length === before + 8);
    yield takenBackTo(2);
    yield exampleBatch(3, 10, { events: [3, 4, 6].map((number) => eventOn('b', number)) });
  };

  const isTrue = async (): Promise<void> => {
    expect([...sink.state].sort()).to.deep.equal([...(await runs.stored())].sort());
  };

  it('has what the chain takes back later outrank all that receivers were told in the life that was lost', async () => {
    await restored();
    const before = sink.messages;
    await runs.run([sink.openable()], reorganised);
    const removes = sink.messages.slice(before.length).filter(({ op }) => op === 'remove');
    expect(removes.map(({ place }) => place.blockNumber)).to.deep.equal([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(Math.min(...removes.map(({ seq }) => seq))).to.be.greaterThan(highest(before));
    expect(highest(sink.messages)).to.be.below(Number.MAX_SAFE_INTEGER);
    await isTrue();
  });

  it('sends nothing again, to sinks of final blocks and to targets that keep their cursor neither', async () => {
    const [final, keeping] = [new RecordingSink(), new RecordingSink()];
    keeping.held = null;
    const sinks = [
      ...[sink.openable(), keeping.openable({ name: 'keeping' })],
      final.openable({ name: 'final', delivery: 'finalized' }),
    ];
    await runs.run(sinks, oneByOne(1, 4));
    await raise();
    await runs.run(sinks, noMore);
    await raise();
    await runs.run(sinks, oneByOne(5, 6));
    expect(sink.messages.map(({ place }) => place.blockNumber)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    for (const other of [final, keeping]) expect(other.lines).to.deep.equal(sink.lines);
  });

  it('has a table and files go on, each with what there is, once', async () => {
    const table = new FailingTable(database, pipelineId);
    const files = new FilesOf(runs);
    const sinks = [table.openable(), files.openable()];
    await runs.run(sinks, oneByOne(1, 4));
    await raise();
    await runs.run(sinks, noMore);
    await runs.run(sinks, async function* () {
      await Promise.resolve();
      yield exampleBatch(5, 6);
      yield takenBackTo(3);
      yield exampleBatch(4, 7);
    });
    expect(files.lines).to.deep.equal([...(await runs.stored()).values()].sort());
    expect((await table.rows()).map((row) => row.split(' ')[0])).to.deep.equal(['1', '2', '3', '4', '5', '6', '7']);
  });

  it('goes on with a pass that was cut off when the backup was made', async () => {
    await runs.run([sink.openable()], oneByOne(1, 2));
    sink.answers = ({ fromBlock }) => {
      if (fromBlock === 4) runs.kill();
    };
    const cut: Send = async function* () {
      await Promise.resolve();
      yield takenBackTo(1);
      yield exampleBatch(2, 7, { events: [2, 3, 4, 5, 6, 7].map((number) => exampleEvent(number, 0)) });
    };
    await runs.run([sink.openable({ batchSize: 2 })], cut).catch(() => undefined);
    runs.revive();
    sink.answers = () => undefined;
    await raise();
    await runs.run([sink.openable({ batchSize: 2 })], oneByOne(8, 8));
    await isTrue();
    await runs.run([sink.openable()], async function* () {
      await Promise.resolve();
      yield takenBackTo(0);
    });
    expect(sink.state.size).to.equal(0);
  });

  it('has a table and files go on that have been claimed since the backup, where there is nothing else in them', async () => {
    const [table, files] = [new FailingTable(database, pipelineId), new FilesOf(runs)];
    const sinks = [table.openable(), files.openable()];
    await runs.run(sinks, oneByOne(1, 4));
    const restore = await backUp();
    for (let lost = 0; lost < 3; lost++) await runs.run(sinks, noMore);
    await restore();
    await raise();
    await runs.run(sinks, oneByOne(5, 6));
    expect(files.lines).to.have.length(6);
    expect(await table.rows()).to.have.length(6);
  });

  async function rewind(): Promise<number> {
    const stores = {
      ...{ tasks: new TaskStore(database), checkpoints: new CheckpointStore(database) },
      ...{ storedBlocks: new StoredBlocks(database), rewinds: new RewindStore(database) },
      shards: new ShardStore(database),
    };
    const to = { number: 2, hash: hashOf('block 2') };
    return (await rewindPipeline(stores, { ...claimOptions({ pipelineId }), to })).events;
  }

  it('leaves prunes, repairs and rewinds as they are', async () => {
    await runs.run([sink.openable()], oneByOne(1, 4));
    await raise();
    expect(await pruneJournal(database, pipelineId)).to.equal(true);
    await runs.run([sink.openable()], oneByOne(5, 8));
    await runs.repair(3, [{ ...exampleEvent(3, 0), argsJson: '{"value":"other"}' }]);
    await runs.run([sink.openable()], noMore);
    await pruneJournal(database, pipelineId);
    expect(await rewind()).to.equal(6);
    await runs.run([sink.openable()], oneByOne(3, 5));
    await isTrue();
  });

  it('lets it be known by seq what nobody takes back: it was read since the backup, and replaced before the restored run', async () => {
    await restored();
    const before = sink.messages.length;
    await rewind();
    await runs.run([sink.openable()], async function* () {
      await Promise.resolve();
      yield exampleBatch(3, 8);
      yield exampleBatch(9, 12, { events: [eventOn('b', 9)] });
    });
    const stored = await runs.stored();
    const ghosts = [...sink.state.keys()].filter((id) => !stored.has(id));
    expect(ghosts).to.have.length(4);
    const newest = new Map(sink.messages.map((message) => [message.id, message]));
    const first = sink.messages[before]!.seq;
    const old = [...newest.values()].filter(({ seq, place }) => place.blockNumber > 2 && seq < first);
    expect(old.map(({ id }) => id)).to.have.members(ghosts);
  });

  it('has a sink stop all the same whose target is ahead of its row', async () => {
    sink.held = null;
    await restored();
    const error = await rejectionOf(runs.run([sink.openable()], noMore));
    expect(error.message).to.include('ahead of the journal: the database was set back');
  });
});
