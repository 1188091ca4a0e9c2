import { expect } from 'chai';
import type { EventFields } from '../../../src/components/seam/component.js';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { rejectionOf } from '../../support/rejection.js';
import { fieldsOf, message, SinkFixture, tableOf } from './sink-fixture.js';

/** Returns an event with arguments of these names, whether Solidity takes them or not. */
function eventWith(...names: readonly string[]): EventFields {
  const [event] = fieldsOf('Odd(uint8 x)');
  const own = event!.fields.filter(({ name }) => !name.startsWith('args.'));
  return { ...event!, fields: [...own, ...names.map((name) => ({ name: `args.${name}`, type: 'uint8' }))] };
}

/** Returns an event to which a stage adds an answer. */
function withAnswer(event: EventFields, name: string): EventFields {
  return { ...event, fields: [...event.fields, { name, type: 'uint8' }] };
}

/** What every database takes as it is. */
const plain = [
  ...['whale?', 'a??b', 'a\\?', '?'],
  ...['a"b', "a'b", 'a`b', 'a\\', 'a.b', 'a b', 'a%b', '$1', '@x', ':x', '*', 'a--b', '/*!x*/', 'select', '123', 'oid'],
  ...['é'.repeat(31), '汉'.repeat(21), 'x'.repeat(63), '\u200b', '\uffff'],
];

/** What is no name on any. */
const impossible = [
  '',
  ' ',
  'end ',
  ' begin',
  'nul\0',
  'tab\t',
  'nbsp\u00a0',
  'half\ud83d',
  'x'.repeat(64),
  'é'.repeat(32),
];

eachDatabase('the names of a table sink’s columns', (databases) => {
  const isMysql = databases.dialect === 'mariadb' || databases.dialect === 'mysql';
  const isPostgres = databases.dialect === 'postgres';
  let url: string;
  let database: Database;

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openDatabase(url, { create: true });
  });
  afterEach(() => database.close());

  /** Has two runs fill a table, of which the second finds what the first one made, and says which columns hold what they sent. */
  const expectColumns = async (names: readonly string[], columns = names): Promise<void> => {
    const event = eventWith(...names);
    for (const run of [1, 2]) {
      const fixture = await SinkFixture.open(database, [event], { indexes: columns.map((name) => [name]).slice(0, 9) });
      await fixture.claim(run);
      const args = Object.fromEntries(names.map((name, i) => [name, String(100 * run + i)]));
      await fixture.deliver([message(args, { block: run, event })], run);
    }
    const row = (run: number): string => names.map((_name, i) => 100 * run + i).join(' ');
    expect(await tableOf(url, columns)).to.deep.equal([row(1), row(2)]);
  };

  it('are those of the fields, whatever is in them', () => expectColumns(plain));

  it('are told apart by more than their case', () =>
    expectColumns(['a', 'A', 'É', 'é', 'e', 'ＡＡ', 'ａａ'], ['a', 'A_arg', 'É', 'é_arg', 'e', 'ＡＡ', 'ａａ_arg']));

  it('get a suffix where the database has such columns of its own, and only there', async () => {
    const names = [
      'xmin',
      'xmax',
      'cmin',
      'cmax',
      'ctid',
      'tableoid',
      'DB_ROW_ID',
      'db_trx_id',
      'Db_Roll_Ptr',
      'FTS_DOC_ID',
    ];
    const columns = names.map((name, i) => ((i < 6 ? isPostgres : isMysql) ? `${name}_arg` : name));
    await expectColumns([...names, 'xmin_arg'], [...columns, isPostgres ? 'xmin_arg_arg' : 'xmin_arg']);
  });

  it('tell an argument from what a stage adds under the same name, whichever their events are', async () => {
    const called = withAnswer(eventWith('owner', 'id'), 'owner');
    const plainEvent = { ...eventWith('owner'), eventName: 'Plain', eventSignature: 'Plain(uint8)' };
    const fixture = await SinkFixture.open(database, [called, plainEvent]);
    await fixture.claim(1);
    const dataOf = (answer: string | null): Map<string, unknown> =>
      new Map<string, unknown>([
        ['args', { owner: '1', id: '7' }],
        ['owner', answer],
      ]);
    await fixture.deliver([
      message(dataOf('2'), { block: 1, event: called }),
      message(dataOf(null), { block: 2, event: called }),
      message({ owner: '3' }, { block: 3, event: plainEvent }),
    ]);
    expect(await tableOf(url, ['owner_arg', 'id', 'owner'])).to.deep.equal(['1 7 2', '1 7 NULL', '3 NULL NULL']);
  });

  it('are shared by an argument of one event and what a stage adds to another', async () => {
    const called = { ...withAnswer(eventWith('id'), 'owner'), eventName: 'Called', eventSignature: 'Called(uint8)' };
    const plainEvent = eventWith('owner');
    const fixture = await SinkFixture.open(database, [plainEvent, called]);
    await fixture.claim(1);
    const data = new Map<string, unknown>([
      ['args', { id: '7' }],
      ['owner', '2'],
    ]);
    await fixture.deliver([
      message({ owner: '3' }, { block: 1, event: plainEvent }),
      message(data, { block: 2, event: called }),
    ]);
    expect(await tableOf(url, ['owner', 'id'])).to.deep.equal(['3 NULL', '2 7']);
  });

  it('are those of arguments that are called like what a source says of every event, where the table has no such column', () =>
    expectColumns(['timestamp', 'chain', 'transaction_index', 'args', 'event_name']));

  it('are told, with the SQL that makes them, of a table in which an argument and what a stage adds had one', async () => {
    const fixture = await SinkFixture.open(database, [eventWith('owner')]);
    await fixture.claim(1);
    const later = await SinkFixture.open(database, [withAnswer(eventWith('owner'), 'owner')]);
    const { message: text, hint } = await rejectionOf(later.claim(2), UsageError);
    expect(text).to.match(/^the table usdc in \S+ is not what the sink fills: 'owner_arg' is missing$/);
    expect(hint).to.match(/^run, or write another table: ALTER TABLE \S+ ADD COLUMN .owner_arg. [^;]+;$/);
  });

  it('keep their case where it tells them from the database’s own', () => expectColumns(['XMIN', 'Ctid']));

  it('can’t be empty, too long, or what does not show', async () => {
    for (const name of impossible) {
      const { message: text, hint } = await rejectionOf(SinkFixture.open(database, [eventWith(name)]), UsageError);
      const shown = JSON.stringify(name);
      expect(text).to.equal(`${shown} can't be the name of a column: it is empty, longer than 63 bytes, or not plain`);
      expect(hint).to.equal('give it another name by a dict_mapper above the sink');
    }
  });

  it('may have characters beyond U+FFFF where the database takes them in names', async () => {
    if (!isMysql) return expectColumns(['😀', 'x𝒙']);
    const { message: text } = await rejectionOf(SinkFixture.open(database, [eventWith('x😀')]), UsageError);
    expect(text).to.equal(
      `"x😀" can't be the name of a column: MySQL and MariaDB take no name with a character like 😀`,
    );
  });
});
