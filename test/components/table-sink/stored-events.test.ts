import { expect } from 'chai';
import type { Knex as KnexQueries } from 'knex';
import type { EventFields } from '../../../src/components/seam/component.js';
import type { StoredBatch } from '../../../src/components/seam/sink.js';
import type { Database } from '../../../src/database/database.js';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { stretchOf } from '../../../src/database/events/stored-stretch.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { ChainEvent } from '../../../src/model/event.js';
import { MessageData } from '../../../src/model/event-message.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import { ConflictError, LeaseLostError, NotMigratedError } from '../../../src/runtime/errors.js';
import { claimRequest } from '../../database/claim-request.js';
import { exampleBatch, exampleCommit, exampleEvent } from '../../database/example-batch.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { fieldsOf, runSql, SinkFixture, tableOf } from './sink-fixture.js';

const pipelineId = 45;
const chainId = 1;
const claim = { epoch: 'epoch-1', claim: 1 };

const max = (bits: number): string => String(2n ** BigInt(bits) - 1n);
const min = (bits: number): string => String(-(2n ** BigInt(bits - 1)));
const list =
  'uint8 u8, int64 i64, uint64 u64, int216 i216, uint256 u256, int256 i256, address who, bool yes, bytes4 b4';
const odd = fieldsOf(`Odd(${list})`);
const both = fieldsOf(`Odd(${list})`, 'Transfer(address who, uint256 value)');
const columns = ['u8', 'i64', 'u64', 'i216', 'u256', 'i256', 'who', 'yes', 'b4'];
const place = ['chain_id', 'block_number', 'log_index', 'transaction_hash', 'block_hash', 'block_time'];
const fixed = [...place, 'contract_address'];

const highest = {
  ...{ u8: max(8), i64: max(63), u64: max(64), i216: max(215), u256: max(256), i256: max(255) },
  ...{ who: `0x${'Fa'.repeat(20)}`, yes: true, b4: '0xffffffff' },
};
const lowest = {
  ...{ u8: '0', i64: min(64), u64: '0', i216: min(216), u256: '0', i256: min(256) },
  ...{ who: `0x${'0'.repeat(40)}`, yes: false, b4: '0x00000000' },
};

function eventOf(block: number, log: number, args: object, changes: Partial<ChainEvent> = {}): ChainEvent {
  const { eventName, eventSignature } = odd[0] as EventFields;
  return { ...exampleEvent(block, log), eventName, eventSignature, argsJson: JSON.stringify(args), ...changes };
}

const transfer = (block: number, log: number, changes: Partial<ChainEvent> = {}): ChainEvent => {
  const { eventName, eventSignature } = both[1] as EventFields;
  return eventOf(block, log, { who: highest.who, value: String(log) }, { eventName, eventSignature, ...changes });
};

/** An event as a message tells of it. */
function toMessage(event: ChainEvent): EventMessage {
  const stored = { ...event, chainId };
  const { blockHash, transactionHash, logIndex, eventName, eventSignature } = event;
  const data = MessageData.ofEvent(stored, { pipelineId, chainName: () => 'ethereum' });
  const id = `${chainId}:${blockHash}:${transactionHash}:${logIndex}`;
  return { id, op: 'insert', seq: 1, rank: 1, place: stored, eventName, eventSignature, data };
}

eachDatabase('a table sink of the events’ own database', (databases) => {
  let url: string;
  let database: Database;
  let version: number;
  let taskId: number;
  const opened: SinkFixture[] = [];

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openMigrated(url);
    await new CheckpointStore(database).get(pipelineId);
    taskId = await new TaskStore(database).claim(claimRequest({ pipelineId, holder: null, keepsRemoved: true }));
    version = 0;
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(({ sink }) => sink.close()));
    await database.close();
  });

  const commit = async (events: readonly ChainEvent[]): Promise<void> => {
    const [from, to] = [events[0]?.blockNumber ?? 0, events.at(-1)?.blockNumber ?? 0];
    const batch = exampleBatch(from, to, { events, undecoded: [] });
    await new BatchStore(database).commit(exampleCommit({ pipelineId, taskId, version, batch }));
    version += 1;
  };
  const open = async (fields: readonly EventFields[], table = 'usdc', target: string | Database = database) => {
    const fixture = await SinkFixture.open(target, fields, { table }, { pipelineId, name: table });
    opened.push(fixture);
    await fixture.claim(claim.claim);
    return fixture;
  };
  const batchOf = (events: readonly ChainEvent[], changes: Partial<StoredBatch> = {}): StoredBatch => {
    const stored = events.map((event) => ({ ...event, chainId }));
    return { events: stretchOf(stored, version), after: { ...claim, place: 'copied' }, ...changes };
  };
  const copy = ({ sink, context }: SinkFixture, ...given: Parameters<typeof batchOf>): Promise<boolean> =>
    sink.deliverStored!(batchOf(...given), context);
  const cursorOf = async (table = 'usdc'): Promise<string | null> => {
    const rows = await database.read<{ cursor_place: string | null }[]>((knex) =>
      knex('chainparse_sink').where({ sink: table }),
    );
    return rows[0]?.cursor_place ?? null;
  };

  it('has the rows that messages would make, and moves the cursor with them', async () => {
    const contracts = ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'];
    const events = [
      eventOf(1, 0, highest, { timestamp: 0 }),
      eventOf(1, 3, lowest, { contractAddress: contracts[0] as string, timestamp: 253_402_300_799 }),
      transfer(2, 0, { timestamp: 253_402_300_800 }),
      eventOf(2, 1, {}, { contractAddress: contracts[1] as string, timestamp: Number.MAX_SAFE_INTEGER }),
      transfer(9, 2, { contractAddress: contracts[1] as string }),
    ];
    await commit(events);
    const [copied, written] = [await open(both, 'copied'), await open(both, 'written')];
    expect(await copy(copied, events)).to.equal(true);
    await written.deliver(events.map(toMessage));
    const all = [...fixed, 'event_name', ...columns, 'value'];
    expect(await tableOf(url, all, 'copied')).to.deep.equal(await tableOf(url, all, 'written'));
    expect(await tableOf(url, ['u256', 'i256', 'value'], 'copied')).to.deep.equal([
      `${max(256)} ${max(255)} NULL`,
      `0 ${min(256)} NULL`,
      'NULL NULL 0',
      'NULL NULL NULL',
      'NULL NULL 2',
    ]);
    expect(await cursorOf('copied')).to.equal('copied');
  });

  it('finds arguments by their names, however they are written', async () => {
    const reversed = Object.fromEntries(Object.entries(highest).reverse());
    const { u8, ...others } = lowest;
    const events = [highest, lowest, reversed, others, { ...others, u8 }].map((args, log) => eventOf(1, log, args));
    const spaced = eventOf(2, 0, {}, { argsJson: JSON.stringify(highest, null, 1) });
    await commit([...events, spaced]);
    const [copied, written] = [await open(odd, 'copied'), await open(odd, 'written')];
    expect(await copy(copied, [...events, spaced])).to.equal(true);
    await written.deliver([...events, spaced].map(toMessage));
    expect(await tableOf(url, columns, 'copied')).to.deep.equal(await tableOf(url, columns, 'written'));
  });

  it('has every argument of an event that contracts name differently, in whichever order', async () => {
    const fields = fieldsOf(
      'Odd(address src, bool yes, address dst, uint256 wad)',
      'Odd(address indexed dst, bool fine, address indexed src, uint256 value)',
      'Odd(address to, bool yes, address from, uint256 dust)',
    );
    const [one, other] = [`0x${'1a'.repeat(20)}`, `0x${'2B'.repeat(20)}`];
    const { eventSignature } = fields[0]!;
    const events = [
      { src: one, yes: true, dst: other, wad: max(256) },
      { dst: one, fine: false, src: other, value: '7' },
      { to: one, yes: false, from: other, dust: '8' },
      { src: other, yes: false, dst: one, wad: '9' },
    ].map((args, log) => eventOf(1, log, args, { eventSignature }));
    await commit(events);
    const [copied, written] = [await open(fields, 'copied'), await open(fields, 'written')];
    expect(await copy(copied, events)).to.equal(true);
    await written.deliver(events.map(toMessage));
    const own = ['src', 'yes', 'dst', 'wad', 'fine', 'value', 'to', 'from', 'dust'];
    const [yes, no] = databases.dialect === 'postgres' ? ['true', 'false'] : ['1', '0'];
    for (const table of ['copied', 'written']) {
      expect(await tableOf(url, own, table)).to.deep.equal([
        `${one} ${yes} ${other} ${max(256)} NULL NULL NULL NULL NULL`,
        `${other} NULL ${one} NULL ${no} 7 NULL NULL NULL`,
        `NULL ${no} NULL NULL NULL NULL ${one} ${other} 8`,
        `${other} ${no} ${one} 9 NULL NULL NULL NULL NULL`,
      ]);
    }
  });

  it('copies from its first event to its last one, and none of another kind', async () => {
    const block = (number: number): ChainEvent[] => [0, 1, 2, 3].map((log) => eventOf(number, log, lowest));
    const events = [1, 2, 3].flatMap(block);
    await commit([...events.slice(0, 6), transfer(2, 9), ...events.slice(8)]);
    const fixture = await open(odd);
    expect(await copy(fixture, [...events.slice(2, 6), ...events.slice(8, 10)])).to.equal(true);
    const places = ['1 2', '1 3', '2 0', '2 1', '3 0', '3 1'];
    expect(await tableOf(url, ['block_number', 'log_index'])).to.deep.equal(places);
  });

  const events = [1, 2, 3].map((block) => eventOf(block, 0, { ...lowest, u8: String(block) }));

  it('writes nothing where other events are there by then, or fewer', async () => {
    await commit(events);
    const fixture = await open(odd);
    const former = batchOf(events);
    const row = (): KnexQueries.QueryBuilder =>
      database.knex('event').where({ pipeline_id: pipelineId, block_number: 2 });
    for (const change of [row().update({ added: version + 1 }), row().delete()]) {
      await database.write([change]);
      expect(await fixture.sink.deliverStored!(former, fixture.context)).to.equal(false);
    }
    expect(await tableOf(url, ['block_number'])).to.deep.equal([]);
    expect(await cursorOf()).to.equal(null);
  });

  it('says what to do where it is the events’ own table that is gone', async () => {
    await commit(events);
    const fixture = await open(odd);
    await runSql(url, 'ALTER TABLE event RENAME TO moved');
    const failure = await rejectionOf(copy(fixture, events), NotMigratedError);
    expect(failure.message).to.match(/ is not migrated: .*event/);
    expect(failure.hint).to.contain('chainparse migrate');
  });

  it('writes nothing where a row is in the way, and can be given the messages', async () => {
    await commit(events);
    const fixture = await open(odd);
    await fixture.deliver([toMessage(eventOf(2, 0, highest))]);
    expect(await copy(fixture, events)).to.equal(false);
    expect(await tableOf(url, ['block_number', 'u8'])).to.deep.equal(['2 255']);
    expect(await cursorOf()).to.equal('place 1');
    await fixture.deliver(events.map(toMessage));
    expect(await tableOf(url, ['block_number', 'u8'])).to.deep.equal(['1 1', '2 2', '3 3']);
  });

  it('tries no more once it has been in vain three times in a row', async () => {
    await commit(events);
    const fixture = await open(odd);
    const inVain = async (times: number): Promise<void> => {
      await fixture.deliver([toMessage(events[1]!)]);
      for (let i = 0; i < times; i++) expect(await copy(fixture, events)).to.equal(false);
      await fixture.deliver([{ ...toMessage(events[1]!), op: 'remove' }]);
    };
    await inVain(2);
    expect(await copy(fixture, events.slice(0, 1))).to.equal(true);
    await inVain(3);
    expect(await copy(fixture, events.slice(1))).to.equal(false);
  });

  it('writes nothing under a claim that is not the one that stands', async () => {
    await commit(events);
    const [fixture, holder] = [await open(odd), await open(odd)];
    await holder.claim(2);
    expect(await copy(fixture, events)).to.equal(false);
    await rejectionOf(fixture.deliver(events.map(toMessage)), LeaseLostError);
    expect(await tableOf(url, ['block_number'])).to.deep.equal([]);
    const unclaimed = await SinkFixture.open(database, odd, {}, { pipelineId });
    await rejectionOf(copy(unclaimed, events), ConflictError);
  });

  it('writes nothing where its cursor is not where it was left', async () => {
    await commit(events);
    const fixture = await open(odd);
    await fixture.deliver(events.slice(0, 1).map(toMessage));
    await runSql(url, 'DELETE FROM usdc', 'UPDATE chainparse_sink SET cursor_place = NULL');
    expect(await copy(fixture, events.slice(1))).to.equal(false);
    expect(await tableOf(url, ['block_number'])).to.deep.equal([]);
  });

  it('wants messages of what another database has, of texts and lists, of what is mapped, and of many contracts', async () => {
    await commit(events);
    const mapped = odd.map((event) => ({ ...event, mapped: true, fields: [{ name: 'u8', type: 'uint8' }] }));
    const texts = ['string', 'bytes', 'uint256[]', 'string indexed'].map((type) => fieldsOf(`Odd(${type} u8)`));
    const swapped = fieldsOf('Odd(uint8 u8, address who)', 'Odd(uint8 who, address u8)');
    for (const [i, fields] of [mapped, ...texts, swapped, fieldsOf('Odd(uint8 汉字)')].entries()) {
      const fixture = await open(fields, `t${i}`);
      const stored = events.map((event) => ({ ...event, eventSignature: fields[0]!.eventSignature }));
      expect(await copy(fixture, stored), JSON.stringify(fields)).to.equal(false);
    }
    expect(await copy(await open(odd, 'far', url), events)).to.equal(false);
    const many = Array.from({ length: 33 }, (_, log) => {
      return eventOf(4, log, lowest, { contractAddress: `0x${String(log).padStart(40, '0')}` });
    });
    await commit(many);
    const fixture = await open(odd);
    expect(await copy(fixture, many)).to.equal(false);
    expect(await copy(fixture, many.slice(1))).to.equal(true);
  });
});
