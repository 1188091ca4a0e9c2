import { expect } from 'chai';
import { MessageRefusedError } from '../../../src/components/seam/delivery-errors.js';
import type { SinkBatch } from '../../../src/components/seam/sink.js';
import type { Database } from '../../../src/database/database.js';
import { DeadLetterStore } from '../../../src/database/sinks/dead-letter-store.js';
import { SinkStore } from '../../../src/database/sinks/sink-store.js';
import type { OpenableSink } from '../../../src/tasks/outbox/openable-sink.js';
import { fieldsOf, SinkFixture, tableOf } from '../../components/table-sink/sink-fixture.js';
import { exampleBatch, hashOf } from '../../database/example-batch.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { eventOn, noMore, OutboxRuns } from './outbox-fixture.js';
import type { Send } from './outbox-fixture.js';

const transfer = fieldsOf('Transfer(uint256 value)');

eachDatabase('a table whose sink has a dead letter', (databases) => {
  const pipelineId = 45;
  let url: string;
  let database: Database;
  let runs: OutboxRuns;
  /** Says which batches the table's database refuses. */
  let refuses: (batch: SinkBatch) => boolean;

  const sink: OpenableSink = {
    ...{ name: 'out', type: 'table_sink', eventNames: null, delivery: 'latest', start: 'beginning' },
    ...{ batchSize: 10, maxAttempts: 1, events: [] },
    open: async () => {
      const table = (await SinkFixture.open(database, transfer, {}, { pipelineId, name: 'out' })).sink;
      const deliver: typeof table.deliver = (batch, context) =>
        refuses(batch) ? Promise.reject(new MessageRefusedError('no such row')) : table.deliver(batch, context);
      const claim: NonNullable<typeof table.claim> = (...args) => table.claim!(...args);
      return { stages: [], sink: { deliver, claim, close: () => table.close() } };
    },
  };
  const holdsBlock2 = ({ messages }: SinkBatch): boolean => messages.some(({ place }) => place.blockNumber === 2);
  const rows = (): Promise<readonly string[]> => tableOf(url, ['block_number', 'value']);
  const letters = () => new DeadLetterStore(database);
  const name = { pipelineId, sink: 'out' };
  const run = (send: Send) => runs.run([sink], send);

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openMigrated(url);
    runs = new OutboxRuns(database, pipelineId);
    refuses = holdsBlock2;
    await run(async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 3);
    });
    expect(await rows()).to.deep.equal(['1 10', '3 30']);
    expect(await letters().list(name, { limit: 10 })).to.have.length(1);
  });
  afterEach(() => database.close());

  const retry = async (): Promise<void> => {
    await letters().retry(name, 'all');
    await run(noMore);
    expect(await letters().list(name, { limit: 10 })).to.deep.equal([]);
  };

  it('has the row once the letter is tried again', async () => {
    refuses = () => false;
    await retry();
    expect(await rows()).to.deep.equal(['1 10', '2 20', '3 30']);
  });

  it('has the row once where a replay has brought it before the letter is tried again', async () => {
    refuses = () => false;
    await new SinkStore(database).requestReplay(await runs.standing(), 0);
    await run(noMore);
    expect(await rows()).to.deep.equal(['1 10', '2 20', '3 30']);
    await retry();
    expect(await rows()).to.deep.equal(['1 10', '2 20', '3 30']);
  });

  it('has no row of an event that the chain has taken back, before a letter is tried again and behind that', async () => {
    await run(async function* () {
      await Promise.resolve();
      yield { kind: 'rollback', ancestor: { number: 1, hash: hashOf('block 1') } };
    });
    refuses = () => false;
    expect(await rows()).to.deep.equal(['1 10']);
    await retry();
    expect(await rows()).to.deep.equal(['1 10']);
  });

  it('keeps the row that came in the place of one that the chain took back, whatever its letter said', async () => {
    const rollback = { kind: 'rollback', ancestor: { number: 1, hash: hashOf('block 1') } } as const;
    for (const events of [[eventOn('b', 2)], exampleBatch(2, 2).events]) {
      refuses = () => false;
      await run(async function* () {
        await Promise.resolve();
        yield rollback;
        yield exampleBatch(2, 2, { events });
      });
      expect(await rows()).to.deep.equal(['1 10', '2 20']);
    }
    await retry();
    expect(await rows()).to.deep.equal(['1 10', '2 20']);
  });

  /** Has the chain take back what lies above block 1, and tell of these events of block 2. */
  const replaceBlock2 = (events: Parameters<typeof exampleBatch>[2]): Promise<unknown> =>
    run(async function* () {
      await Promise.resolve();
      yield { kind: 'rollback', ancestor: { number: 1, hash: hashOf('block 1') } };
      if (events !== undefined) yield exampleBatch(2, 2, events);
    });

  it('keeps the row of another block’s event that came in the place of the one which was refused', async () => {
    refuses = () => false;
    await replaceBlock2({ events: [eventOn('b', 2)] });
    expect(await rows()).to.deep.equal(['1 10', '2 20']);
    await retry();
    expect(await rows()).to.deep.equal(['1 10', '2 20']);
  });

  it('has no row of an event that was refused when it was sent again, and that the chain has taken back since', async () => {
    refuses = () => false;
    await retry();
    refuses = holdsBlock2;
    await new SinkStore(database).requestReplay(await runs.standing(), 0);
    await run(noMore);
    expect(await letters().list(name, { limit: 10 })).to.have.length(1);
    refuses = () => false;
    await replaceBlock2(undefined);
    expect(await rows()).to.deep.equal(['1 10']);
    await retry();
    expect(await rows()).to.deep.equal(['1 10']);
  });
});
