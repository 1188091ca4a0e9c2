import { expect } from 'chai';
import type { EventFields } from '../../../src/components/seam/component.js';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { MessageData } from '../../../src/model/event-message.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import { eachDatabase } from '../../support/databases.js';
import { fieldsOf, message, rowsOf, runSql, SinkFixture, tableOf } from './sink-fixture.js';

const types = [
  ...['uint8 u8', 'int64 i64', 'uint64 u64', 'int216 i216', 'uint256 u256', 'int256 i256', 'address who', 'bool yes'],
  ...['bytes4 b4', 'string text', 'bytes data', 'uint256[] list', 'string indexed named', 'uint8 log_index'],
  // Of other types in the other event, so that the columns are texts and a wider integer.
  ...['uint256 id', 'bool mixed', 'string indexed both', 'uint8 wide'],
];
const events = fieldsOf(`Odd(${types.join(', ')})`, 'Plain(string id, string mixed, string both, uint256 wide)');
const [odd, plain] = events as [EventFields, EventFields];
const ended = fieldsOf('Ended(address who)');

const highest = {
  ...{ u8: '255', i64: String(2n ** 63n - 1n), u64: String(2n ** 64n - 1n), i216: String(2n ** 215n - 1n) },
  ...{ u256: String(2n ** 256n - 1n), i256: String(-(2n ** 255n)), who: `0x${'Fa'.repeat(20)}`, yes: true },
  ...{ b4: '0xffffffff', text: `0x1é'\\"\n`, data: '0x', list: ['1', '2'], named: { hash: `0x${'a'.repeat(64)}` } },
  ...{ log_index: '7', id: '12', mixed: true, both: { hash: `0x${'b'.repeat(64)}` }, wide: '3' },
};
const lowest = {
  ...{ u8: '0', i64: String(-(2n ** 63n)), u64: '0', i216: String(-(2n ** 215n)), u256: '0', i256: '0' },
  ...{ who: `0x${'0'.repeat(40)}`, yes: false, b4: '0x00000000', text: '007', data: '0x00', list: [] },
  ...{ named: { hash: `0x${'0'.repeat(64)}` }, log_index: '0', id: '0', mixed: false, both: { hash: '0x' }, wide: '0' },
};
const columns = [
  ...['block_number', 'log_index', 'event_name', 'u8', 'i64', 'u64', 'i216', 'u256', 'i256', 'who', 'yes', 'b4'],
  ...['text', 'data', 'list', 'named', 'log_index_arg', 'id', 'mixed', 'both', 'wide'],
];

/** The same message as an event that no stage has touched is told. */
function asStored(told: EventMessage): EventMessage {
  const { place, eventName, eventSignature } = told;
  const argsJson = JSON.stringify(told.data.fields.get('args'));
  const event = { ...place, eventName, eventSignature, argsJson };
  return { ...told, data: MessageData.ofEvent(event, { pipelineId: 45, chainName: () => 'ethereum' }) };
}

eachDatabase('a table sink that is told of events which its definition names no more', (databases) => {
  let url: string;
  let database: Database;
  const opened: SinkFixture[] = [];

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openDatabase(url, { create: true });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(({ sink }) => sink.close()));
    await database.close();
  });

  const open = async (fields: readonly EventFields[], claim: number, keys: object = {}): Promise<SinkFixture> => {
    const fixture = await SinkFixture.open(database, fields, { ...keys });
    opened.push(fixture);
    await fixture.claim(claim);
    return fixture;
  };

  it('writes their rows as it did when it named them, beside those of others', async () => {
    const told = [
      message(highest, { block: 1, event: odd }),
      message(lowest, { block: 2, event: odd }),
      message({ id: 'é'.repeat(9), mixed: '1', both: 'b', wide: highest.u256 }, { block: 3, event: plain }),
    ];
    const first = await open([...events, ...ended], 1);
    await first.deliver([...told, message({ who: lowest.who }, { block: 4, event: ended[0]! })]);
    const rows = await tableOf(url, columns);
    expect(rows[0]).to.match(/^1 0 Odd 255 /);
    for (const [i, left] of [ended, [plain, ...ended]].entries()) {
      for (const again of [told, told.map(asStored)]) {
        // A table sink goes on beside what it had, and where its owner has emptied the table.
        for (const isEmptied of [false, true]) {
          if (isEmptied) await runSql(url, 'DELETE FROM usdc');
          const next = await open(left, i + 2);
          await next.deliver([...again, message({ who: lowest.who }, { block: 4, event: ended[0]! })], i + 2);
          expect(next.logger.messages('warn')).to.deep.equal([]);
          expect(await tableOf(url, columns)).to.deep.equal(rows);
        }
      }
    }
  });

  it('deletes their rows as it does others', async () => {
    const told = message(highest, { block: 1, event: odd });
    await (await open(events, 1)).deliver([told]);
    const next = await open([plain], 2);
    await next.deliver([{ ...told, op: 'remove' }], 2);
    expect(await tableOf(url, ['u8'])).to.deep.equal([]);
  });

  it('writes what stages make of them where that has its column', async () => {
    const added = odd.fields.concat({ name: 'wide', type: 'uint256' }, { name: 'scale', type: 'uint8' });
    const mapped = [odd, plain].map((event, i) => {
      const fields = [{ name: ['u8', 'u256'][i]!, type: 'uint256' }].concat({ name: 'event_signature', type: 'text' });
      return { ...event, fields, mapped: true };
    });
    const called = new Map<string, unknown>([
      ['event_name', 'Odd'],
      ['args', highest],
      ['wide', '5'],
      ['scale', '18'],
    ]);
    for (const [i, { before, after, data, has }] of [
      { before: [{ ...odd, fields: added }, plain], after: [plain], data: called, has: '5 3 18' },
      {
        ...{ before: mapped, after: mapped.slice(1), has: 'args 9' },
        data: new Map([
          ['u8', '9'],
          ['event_signature', 'args'],
        ]),
      },
    ].entries()) {
      const names = i === 0 ? ['wide', 'wide_arg', 'scale'] : ['event_signature', 'u8'];
      const told = message(data, { block: 1, event: odd });
      await (await open(before, 2 * i + 1)).deliver([told], 2 * i + 1);
      expect(await tableOf(url, names)).to.deep.equal([has]);
      const next = await open(after, 2 * i + 2);
      await next.deliver([told], 2 * i + 2);
      expect(next.logger.messages('warn')).to.deep.equal([]);
      expect(await tableOf(url, names)).to.deep.equal([has]);
      await runSql(url, 'DROP TABLE usdc');
    }
  });

  it('tells what has no column, or one that can not hold it, and writes the rest', async () => {
    const first = await open([plain], 1);
    const told = [1, 2].map((block) => message({ id: '1', wide: 'x', u8: '2' }, { block, event: odd }));
    await first.deliver(told);
    // SQLite has the number as a text.
    const wide = databases.dialect === 'sqlite' ? 'x' : 'NULL';
    expect(await tableOf(url, ['id', 'wide'])).to.deep.equal([`1 ${wide}`, `1 ${wide}`]);
    const missing = `warehouse: usdc has no column 'u8' that holds the value of 2 rows, of events that the definition names no more: the first one is ${told[0]!.id}`;
    const unfit = `warehouse: 'wide' can't hold the value of 2 rows, which is NULL there: the first one is ${told[0]!.id}`;
    expect(first.logger.messages('warn')).to.deep.equal(wide === 'NULL' ? [unfit, missing] : [missing]);
  });

  it('leaves a column alone that its owner has added, where no such event has a value of that name', async () => {
    await (await open(events, 1)).deliver([]);
    await runSql(url, 'ALTER TABLE usdc ADD COLUMN note INTEGER NULL');
    const next = await open([plain], 2);
    const told = [message({ id: '1' }, { block: 1, event: plain }), message({ u8: '1' }, { block: 2, event: odd })];
    await next.deliver(told, 2);
    await runSql(url, 'UPDATE usdc SET note = 5');
    await next.deliver(told, 2);
    expect(await tableOf(url, ['note', 'id', 'u8'])).to.deep.equal(['5 1 NULL', '5 NULL 1']);
  });

  it('writes NULL for a text that is too long for an index, as it did when it named the event', async () => {
    const told = [
      message({ id: 'short' }, { block: 1, event: odd }),
      message({ id: 'x'.repeat(9000) }, { block: 2, event: odd }),
    ];
    await (await open(events, 1, { indexes: [['id']] })).deliver(told);
    const rows = await tableOf(url, ['id']);
    await runSql(url, 'DELETE FROM usdc');
    const next = await open([plain], 2, { indexes: [['id']] });
    await next.deliver(told, 2);
    expect(await tableOf(url, ['id'])).to.deep.equal(rows);
    const isBounded = databases.dialect === 'postgres';
    expect(rows[1] === 'NULL').to.equal(isBounded);
    expect(next.logger.messages('warn')).to.have.lengthOf(isBounded ? 1 : 0);
  });

  it('writes a tuple with a member that is called hash as it did when it named the event', async () => {
    const anchored = { ...ended[0]!, fields: [{ name: 'args.ref', type: '(bytes32,uint256)' }] };
    const ref = { hash: `0x${'a'.repeat(64)}`, height: '7' };
    const told = message({ ref }, { block: 1, event: anchored });
    await (await open([anchored, plain], 1)).deliver([told]);
    const rows = await tableOf(url, ['ref']);
    expect(JSON.parse(rows[0]!)).to.deep.equal(ref);
    await runSql(url, 'DELETE FROM usdc');
    const next = await open([plain], 2);
    await next.deliver([told], 2);
    expect(next.logger.messages('warn')).to.deep.equal([]);
    expect(await tableOf(url, ['ref'])).to.deep.equal(rows);
  });

  it('fills a column that its owner has added only where that is as the sink would make it, and no generated one', async () => {
    await (await open([plain], 1)).deliver([]);
    const text = { sqlite: 'TEXT', mariadb: 'LONGTEXT', mysql: 'LONGTEXT', postgres: 'TEXT' }[databases.dialect];
    const kept = databases.dialect === 'sqlite' ? 'VIRTUAL' : 'STORED';
    await runSql(
      url,
      `ALTER TABLE usdc ADD COLUMN text ${text} NULL`,
      'ALTER TABLE usdc ADD COLUMN i64 BIGINT NULL',
      "ALTER TABLE usdc ADD COLUMN who VARCHAR(99) DEFAULT 'mine'",
      `ALTER TABLE usdc ADD COLUMN u8 BIGINT GENERATED ALWAYS AS (block_number * 2) ${kept}`,
    );
    const next = await open([plain], 2);
    const args = { id: '1', text: 'a', i64: '-5', who: lowest.who, u8: '1' };
    const told = message(args, { block: 4, event: odd });
    await next.deliver([told], 2);
    expect(await tableOf(url, ['id', 'text', 'i64', 'who', 'u8'])).to.deep.equal(['1 a -5 mine 8']);
    expect(next.logger.messages('warn')).to.deep.equal(
      ['who', 'u8'].map((column) => {
        return `warehouse: usdc has no column '${column}' that holds the value of a row, of events that the definition names no more: the first one is ${told.id}`;
      }),
    );
  });

  it('says which event a row is where only one is left, and goes on by that', async () => {
    await (await open([plain, ...ended], 1)).deliver([message({ id: '1' }, { block: 1, event: plain })]);
    const next = await open(ended, 2);
    await next.deliver([message({ who: lowest.who }, { block: 2, event: ended[0]! })], 2);
    expect(await tableOf(url, ['event_name', 'id', 'who'])).to.deep.equal(['Plain 1 NULL', `Ended NULL ${lowest.who}`]);
    await runSql(url, 'DROP TABLE usdc');
    await (await open(ended, 3)).deliver([message({ who: lowest.who }, { block: 1, event: ended[0]! })], 3);
    const [row] = await rowsOf(url, 'SELECT * FROM usdc');
    expect(Object.keys(row!)).to.include('who').and.not.include('event_name');
    // Of its owner's it is left alone.
    await runSql(url, "ALTER TABLE usdc ADD COLUMN event_name VARCHAR(9) DEFAULT 'mine' NOT NULL");
    await (await open(ended, 4)).deliver([message({ who: lowest.who }, { block: 2, event: ended[0]! })], 4);
    expect(await tableOf(url, ['event_name'])).to.deep.equal(['mine', 'mine']);
  });
});
