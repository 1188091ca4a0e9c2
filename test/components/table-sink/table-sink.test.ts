import { expect } from 'chai';
import type { Remark } from '../../../src/components/seam/component.js';
import {
  ReceiverAwayError,
  TargetChangedError,
  UnfitReceiverError,
} from '../../../src/components/seam/delivery-errors.js';
import { tableSink } from '../../../src/components/table-sink/kind.js';
import { tableSinkSchema } from '../../../src/components/table-sink/schema.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { ClaimedLaterError, ConflictError, LeaseLostError, UsageError } from '../../../src/runtime/errors.js';
import type { Database } from '../../../src/database/database.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { eachDatabase } from '../../support/databases.js';
import { rejectionOf } from '../../support/rejection.js';
import { freePort } from '../../support/free-port.js';
import { fieldsOf, indexesOf, message, rowsOf, runSql, SinkFixture, tableOf } from './sink-fixture.js';

const transfer = fieldsOf('Transfer(address indexed from, address indexed to, uint256 value)');
const from = '0x1111111111111111111111111111111111111111';
const to = '0x2222222222222222222222222222222222222222';
const sent = (value: string): object => ({ from, to, value });

eachDatabase('a table sink', (databases) => {
  let url: string;
  let database: Database;

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openDatabase(url, { create: true });
  });

  const opened: SinkFixture[] = [];
  const open = async (...[events, keys, owner]: Partial<Tail<Parameters<typeof SinkFixture.open>>>) => {
    const fixture = await SinkFixture.open(database, events ?? transfer, keys, owner);
    opened.push(fixture);
    return fixture;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(({ sink }) => sink.close()));
    await database.close();
  });

  it('makes the table, and returns exactly the cursor that rows moved with', async () => {
    const fixture = await open();
    expect(await fixture.claim(1)).to.equal(null);
    const after = await fixture.deliver([message(sent('5'), { block: 1 }), message(sent('7'), { block: 2, log: 3 })]);
    const columns = ['chain_id', 'block_number', 'log_index', 'from', 'to', 'value'];
    expect(await tableOf(url, columns)).to.deep.equal([`1 1 0 ${from} ${to} 5`, `1 2 3 ${from} ${to} 7`]);
    const later = await open();
    expect(await later.claim(2)).to.deep.equal(after);
    expect(await later.claim(2)).to.deep.equal(after);
    const next = await later.deliver([], 2);
    expect(await later.claim(3)).to.deep.equal(next);
  });

  it('has nothing in a column of another contract’s argument that is called as what objects inherit', async () => {
    const event = 'Transfer(address indexed from, address indexed to, uint256';
    const fixture = await open(fieldsOf(`${event} value)`, `${event} constructor)`));
    await fixture.claim(1);
    const stageMade = new Map<string, unknown>([['args', sent('6')]]);
    const batch = [sent('5'), stageMade, { from, to, constructor: '7' }];
    await fixture.deliver(batch.map((args, i) => message(args, { block: i + 1 })));
    const columns = ['block_number', 'value', 'constructor'];
    expect(await tableOf(url, columns)).to.deep.equal(['1 5 NULL', '2 6 NULL', '3 NULL 7']);
    expect(fixture.logger.messages('warn')).to.deep.equal([]);
  });

  it('holds every instant as that of UTC, and what is no date as NULL', async () => {
    const fixture = await open();
    await fixture.claim(1);
    const timestamps = [0, 1_693_066_895, 253_402_300_800, 2 ** 53 - 1];
    await fixture.deliver(timestamps.map((timestamp, log) => message(sent('1'), { block: 1, log, timestamp })));
    const seconds = {
      sqlite: "CAST(strftime('%s', block_time) AS INTEGER)",
      postgres: 'EXTRACT(EPOCH FROM block_time)::bigint',
    } as Record<string, string>;
    const inMysql = "TIMESTAMPDIFF(SECOND, '1970-01-01 00:00:00', block_time)";
    const rows = await rowsOf(url, `SELECT ${seconds[databases.dialect] ?? inMysql} AS s FROM usdc ORDER BY log_index`);
    expect(rows.map(({ s }) => s)).to.deep.equal([0, 1_693_066_895, null, null]);
  });

  it('replaces a row that comes again, and writes each once where a batch has it twice', async () => {
    const fixture = await open();
    await fixture.claim(1);
    await fixture.deliver([message(sent('1'), { block: 1 })]);
    await fixture.deliver([message(sent('2'), { block: 1 }), message(sent('3'), { block: 1 })]);
    await fixture.deliver([message(sent('4'), { block: 2 })]);
    expect(await tableOf(url, ['block_number', 'value'])).to.deep.equal(['1 3', '2 4']);
  });

  it('deletes what the chain takes back, of that block alone', async () => {
    const fixture = await open();
    await fixture.claim(1);
    const many = Array.from({ length: 450 }, (_, log) => message(sent(String(log)), { block: 1, log, fork: 'a' }));
    await fixture.deliver([...many, message(sent('9'), { block: 2, fork: 'a' }), message(sent('8'), { block: 3 })]);
    const removes = many.map((each) => ({ ...each, op: 'remove' as const }));
    await fixture.deliver([
      ...removes,
      message(sent('9'), { block: 2, fork: 'a', op: 'remove' }),
      message(sent('8'), { block: 3, fork: 'never', op: 'remove' }),
      message(sent('5'), { block: 2, fork: 'b' }),
    ]);
    expect(await tableOf(url, ['block_number', 'value'])).to.deep.equal(['2 5', '3 8']);
    // The same remove again finds another block's row in its place.
    await fixture.deliver([message(sent('9'), { block: 2, fork: 'a', op: 'remove' })]);
    expect(await tableOf(url, ['block_number', 'value'])).to.deep.equal(['2 5', '3 8']);
  });

  it('keeps what an insert says that is taken back in the same batch away', async () => {
    const fixture = await open();
    await fixture.claim(1);
    const insert = message(sent('1'), { block: 1 });
    await fixture.deliver([insert, { ...insert, op: 'remove' }]);
    expect(await tableOf(url, ['value'])).to.deep.equal([]);
  });

  it('writes nothing for a holder whose claim is not the one that stands', async () => {
    const [zombie, holder] = [await open(), await open()];
    await zombie.claim(1);
    const after = await zombie.deliver([message(sent('1'), { block: 1 })], 1);
    expect(await holder.claim(2)).to.deep.equal(after);
    for (const [claim, epoch] of [
      [1, 'epoch-1'],
      [3, 'epoch-1'],
      [2, 'epoch-2'],
    ] as const) {
      await rejectionOf(zombie.deliver([message(sent('2'), { block: 2 })], claim, epoch), LeaseLostError);
      await rejectionOf(zombie.deliver([message(sent('1'), { block: 1, op: 'remove' })], claim, epoch), LeaseLostError);
    }
    const error = await rejectionOf(zombie.claim(1), ClaimedLaterError);
    expect(error.message).to.contain('claim 2 of epoch-1 stands');
    expect(error.claim).to.equal(2);
    expect(await tableOf(url, ['value'])).to.deep.equal(['1']);
    await holder.deliver([message(sent('3'), { block: 3 })], 2);
    expect(await tableOf(url, ['value'])).to.deep.equal(['1', '3']);
  });

  it('tells whoever comes with another epoch what cursor stands, and lets the former write no more', async () => {
    const [former, other] = [await open(), await open()];
    await former.claim(7);
    const after = await former.deliver([message(sent('1'), { block: 1 })], 7);
    expect(await other.claim(1, 'epoch-2')).to.deep.equal(after);
    await rejectionOf(former.deliver([message(sent('2'), { block: 2 })], 7), LeaseLostError);
    expect(await tableOf(url, ['value'])).to.deep.equal(['1']);
  });

  it('writes nothing where its table was set back, and goes on from what is left there once it is claimed anew', async () => {
    const fixture = await open();
    await fixture.claim(1);
    const [one, two, three] = [1, 2, 3].map((block) => message(sent(String(block)), { block })) as [
      EventMessage,
      EventMessage,
      EventMessage,
    ];
    const left = await fixture.deliver([one]);
    await fixture.deliver([two]);
    // As a standby is that lacked the last commit.
    await runSql(
      url,
      'DELETE FROM usdc WHERE block_number = 2',
      `UPDATE chainparse_sink SET cursor_place = '${left.place}'`,
    );
    const error = await rejectionOf(fixture.deliver([three]), TargetChangedError);
    expect(error.message).to.contain('the table usdc is not as this run left it').and.to.contain('was set back');
    expect(await tableOf(url, ['value'])).to.deep.equal(['1']);
    expect(await fixture.claim(1)).to.deep.equal(left);
    await fixture.deliver([two, three]);
    expect(await tableOf(url, ['value'])).to.deep.equal(['1', '2', '3']);
    await runSql(url, 'DELETE FROM usdc', 'UPDATE chainparse_sink SET cursor_place = NULL');
    await rejectionOf(fixture.deliver([]), TargetChangedError);
  });

  it('repeats a write whose answer was lost', async () => {
    const fixture = await open();
    await fixture.claim(1);
    const { place } = await fixture.deliver([message(sent('1'), { block: 1 })]);
    // The next one has been done, as far as the database goes.
    const next = place.replace('1', '2');
    await runSql(url, `UPDATE chainparse_sink SET cursor_place = '${next}'`);
    const after = await fixture.deliver([message(sent('2'), { block: 2 })]);
    expect(after.place).to.equal(next);
    expect(await tableOf(url, ['value'])).to.deep.equal(['1', '2']);
  });

  it('moves no cursor where rows can not be written, and no rows where the cursor can not move', async () => {
    const fixture = await open();
    await fixture.claim(1);
    const after = await fixture.deliver([message(sent('1'), { block: 1 })]);
    await runSql(url, 'ALTER TABLE usdc RENAME TO moved');
    await rejectionOf(fixture.deliver([message(sent('2'), { block: 2 })]));
    await runSql(url, 'ALTER TABLE moved RENAME TO usdc');
    expect(await (await open()).claim(2)).to.deep.equal(after);
    await runSql(url, 'DELETE FROM chainparse_sink');
    await rejectionOf(fixture.deliver([message(sent('3'), { block: 3 })]), ConflictError);
    expect(await tableOf(url, ['value'])).to.deep.equal(['1']);
  });

  it('names the table that is gone: its own, or that of the cursors beside it', async () => {
    const fixture = await open();
    await fixture.claim(1);
    const failureWithout = async (table: string): Promise<string> => {
      await runSql(url, `ALTER TABLE ${table} RENAME TO moved`);
      const { message: text } = await rejectionOf(fixture.deliver([message(sent('1'), { block: 1 })]));
      await runSql(url, `ALTER TABLE moved RENAME TO ${table}`);
      return text;
    };
    expect(await failureWithout('usdc')).to.match(/^the table usdc is not there as it was: .*usdc/);
    const text = await failureWithout('chainparse_sink');
    expect(text).to.match(/^the table chainparse_sink beside usdc is not there as it was: .*chainparse_sink/);
  });

  it('fills a table anew from the beginning where it is gone, or another one is named', async () => {
    const fixture = await open();
    await fixture.claim(1);
    await fixture.deliver([message(sent('1'), { block: 1 })]);
    await runSql(url, 'DROP TABLE usdc');
    expect(await (await open()).claim(2)).to.equal(null);
    expect(await tableOf(url, ['value'])).to.deep.equal([]);
    const again = await open();
    await again.claim(3);
    const after = await again.deliver([message(sent('1'), { block: 1 })], 3);
    expect(await (await open()).claim(4)).to.deep.equal(after);
    expect(await (await open(transfer, { table: 'other' })).claim(5)).to.equal(null);
    expect(await tableOf(url, ['value'])).to.deep.equal(['1']);
  });

  it('makes a table anew beside one that was renamed, whatever its indexes are called', async () => {
    const fixture = await open(transfer, { indexes: [['to']] });
    await fixture.claim(1);
    await fixture.deliver([message(sent('1'), { block: 1 })]);
    await runSql(url, 'ALTER TABLE usdc RENAME TO usdc_2023');
    const next = await open(transfer, { indexes: [['to']] });
    expect(await next.claim(2)).to.equal(null);
    const after = await next.deliver([message(sent('2'), { block: 2 })], 2);
    expect(await tableOf(url, ['value'])).to.deep.equal(['2']);
    expect(await tableOf(url, ['value'], 'usdc_2023')).to.deep.equal(['1']);
    for (const table of ['usdc', 'usdc_2023']) {
      expect((await indexesOf(url, table)).map(({ columns }) => columns)).to.deep.include(['to']);
    }
    expect(await (await open(transfer, { indexes: [['to']] })).claim(3)).to.deep.equal(after);
  });

  it('forgets how far it is only with a table that was made: one that comes back goes on', async () => {
    const fixture = await open();
    await fixture.claim(1);
    const after = await fixture.deliver([message(sent('1'), { block: 1 })]);
    await runSql(url, 'ALTER TABLE usdc RENAME TO away');
    const inputs = Array.from({ length: 2_500 }, (_, i) => `uint8 value_${i}`);
    const wide = await open(fieldsOf(`Odd(${inputs.join(', ')})`));
    await rejectionOf(wide.claim(2), UnfitReceiverError);
    await runSql(url, 'ALTER TABLE away RENAME TO usdc');
    expect(await (await open()).claim(3)).to.deep.equal(after);
  });

  it('names indexes differently whose columns are called alike together', async () => {
    const events = fieldsOf('Odd(uint8 a, uint8 b, uint8 a_b)');
    const indexes = [['a', 'b'], ['a_b'], ['block_number', 'a']];
    await (await open(events, { indexes })).claim(1);
    const columns = (await indexesOf(url, 'usdc')).map((index) => index.columns);
    for (const index of indexes) expect(columns).to.deep.include(index);
    await (await open(events, { indexes })).claim(2);
  });

  it('leaves a table that is another sink’s alone', async () => {
    const fixture = await open();
    await fixture.claim(1);
    await fixture.deliver([message(sent('1'), { block: 1 })]);
    const others = [{ name: 'other' }, { pipelineId: 46 }, { installation: 'e'.repeat(32) }];
    for (const [i, owner] of others.entries()) {
      const other = await open(transfer, {}, owner);
      const error = await rejectionOf(other.claim(9), UsageError);
      expect(error.message).to.contain("is filled by the sink 'warehouse' of pipeline 45");
      expect(error.hint).to.match(/run: delete from .chainparse_sink. where .table_name. = 'usdc'$|chainparse_sink/i);
      await rejectionOf(other.deliver([message(sent('2'), { block: 2 })], 9), ConflictError);
      // Nor may a sink of another table move over to it.
      const moving = await open(transfer, { table: `moving_${i}` }, owner);
      await moving.claim(1);
      await rejectionOf(other.claim(9), UsageError);
    }
    await fixture.deliver([message(sent('3'), { block: 3 })]);
    expect(await tableOf(url, ['value'])).to.deep.equal(['1', '3']);
    const release = (await rejectionOf((await open(transfer, {}, { name: 'other' })).claim(1), UsageError)).hint ?? '';
    await runSql(url, release.replace(/^.*run: /, ''));
    expect(await (await open(transfer, {}, { name: 'other' })).claim(1)).to.equal(null);
  });

  it('says beforehand, in the words of the claim, whose a table is, and changes nothing by it', async () => {
    const config = tableSinkSchema.parse({ table: 'usdc' });
    const own = { pipelineId: 45, name: 'warehouse', installation: 'f'.repeat(32) };
    const ask = (owner: object, asked = config): Promise<Remark | null> => {
      const opening = { ...own, asksElsewhere: true, dataFolder: '/', database, clock: systemClock, ...owner };
      return tableSink.refusal!(asked, opening);
    };
    expect(await ask({ pipelineId: 46 })).to.equal(null);
    await (await open()).claim(1);
    for (const owner of [{ name: 'other' }, { pipelineId: 46 }, { installation: 'e'.repeat(32) }]) {
      const { message: text, hint } = await rejectionOf((await open(transfer, {}, owner)).claim(9), UsageError);
      expect(await ask(owner)).to.deep.equal({ at: ['table'], message: text, hint });
    }
    expect(await ask({ pipelineId: null })).to.have.property('at');
    expect(await ask({})).to.equal(null);
    expect(await ask({ pipelineId: 46 }, { ...config, table: 'free' })).to.equal(null);
    const elsewhere = { ...config, database: url };
    expect(await ask({ pipelineId: 46 }, elsewhere)).to.have.property('at');
    expect(await ask({ pipelineId: 46, asksElsewhere: false }, elsewhere)).to.equal(null);
  });

  it('makes the indexes that are wanted', async () => {
    const fixture = await open(transfer, { indexes: [['from', 'block_time'], ['value']] });
    await fixture.claim(1);
    const after = await fixture.deliver([message(sent('1'), { block: 1 })]);
    const indexes = (await indexesOf(url, 'usdc')).map(({ name, columns, unique }) => ({ name, columns, unique }));
    const made = { name: 'idx_usdc_from_block_time', columns: ['from', 'block_time'], unique: false };
    expect(indexes).to.deep.include(made);
    expect(indexes).to.deep.include({ name: 'idx_usdc_value', columns: ['value'], unique: false });
    expect(await (await open(transfer, { indexes: [['from', 'block_time'], ['value']] })).claim(2)).to.deep.equal(
      after,
    );
  });

  it('closes a database that is not the pipeline’s own, and opens it again', async () => {
    const fixture = await SinkFixture.open(url, transfer);
    expect(await fixture.claim(1)).to.equal(null);
    const after = await fixture.deliver([message(sent('1'), { block: 1 })]);
    await fixture.sink.close();
    await fixture.sink.close();
    expect(await fixture.claim(2)).to.deep.equal(after);
    await fixture.sink.close();
    expect(await tableOf(url, ['value'])).to.deep.equal(['1']);
    expect(await (await open()).claim(3)).to.deep.equal(after);
  });

  if (databases.dialect === 'sqlite') return;

  it('waits for a server that is away', async () => {
    const away = new URL(url);
    away.port = String(await freePort());
    const fixture = await SinkFixture.open(away.href, transfer);
    opened.push(fixture);
    await rejectionOf(fixture.claim(1), ReceiverAwayError);
  });
});

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer R] ? R : never;
