import { expect } from 'chai';
import { UnfitReceiverError } from '../../../src/components/seam/delivery-errors.js';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { rejectionOf } from '../../support/rejection.js';
import { fieldsOf, message, rowsOf, SinkFixture, tableOf } from './sink-fixture.js';

/** The type of each column by the kind of database; what is left out is not asked for. */
type Types = Readonly<Record<string, readonly [sqlite: string, mysql: string, postgres: string]>>;

const types: Types = {
  u8: ['BIGINT', 'bigint', 'bigint'],
  u56: ['BIGINT', 'bigint', 'bigint'],
  i64: ['BIGINT', 'bigint', 'bigint'],
  u64: ['TEXT', 'decimal(65,0)', 'numeric(78,0)'],
  i72: ['TEXT', 'decimal(65,0)', 'numeric(78,0)'],
  u208: ['TEXT', 'decimal(65,0)', 'numeric(78,0)'],
  i216: ['TEXT', 'decimal(65,0)', 'numeric(78,0)'],
  u216: ['TEXT', 'varchar(78)', 'numeric(78,0)'],
  u256: ['TEXT', 'varchar(78)', 'numeric(78,0)'],
  i256: ['TEXT', 'varchar(78)', 'numeric(78,0)'],
  who: ['CHAR(42)', 'char(42)', 'character(42)'],
  yes: ['BOOLEAN', 'tinyint(1)', 'boolean'],
  b4: ['CHAR(10)', 'char(10)', 'character(10)'],
  b32: ['CHAR(66)', 'char(66)', 'character(66)'],
  raw: ['TEXT', 'longtext', 'text'],
  name: ['TEXT', 'longtext', 'text'],
  topic: ['CHAR(66)', 'char(66)', 'character(66)'],
  list: ['JSON', 'json', 'json'],
};

const [event] = fieldsOf(
  'Odd(uint8 u8, uint56 u56, int64 i64, uint64 u64, int72 i72, uint208 u208, int216 i216, uint216 u216, uint256 u256,' +
    ' int256 i256, address who, bool yes, bytes4 b4, bytes32 b32, bytes raw, string name, string indexed topic, uint256[] list)',
);
const max = (bits: number): string => String(2n ** BigInt(bits) - 1n);
const min = (bits: number): string => String(-(2n ** BigInt(bits - 1)));
const hash = `0x${'ab'.repeat(32)}`;
const highest = {
  ...{ u8: max(8), u56: max(56), i64: max(63), u64: max(64), i72: max(71), u208: max(208), i216: max(215) },
  ...{
    u216: max(216),
    u256: max(256),
    i256: max(255),
    yes: true,
    who: `0x${'F'.repeat(40)}`,
    b4: '0xffffffff',
    b32: hash,
  },
  ...{ raw: '0x', name: "it's \\ 汉字 💸", topic: { hash }, list: ['1', '2'] },
};
const lowest = {
  ...{ u8: '0', u56: '0', i64: min(64), u64: '0', i72: min(72), u208: '0', i216: min(216), u216: '0', u256: '0' },
  ...{ i256: min(256), yes: false, who: `0x${'0'.repeat(40)}`, b4: '0x00000000', b32: hash, raw: '0x00', name: '' },
  ...{ topic: { hash }, list: [] },
};
const texts = ({ topic, list, yes, ...rest }: typeof highest | typeof lowest, isPostgres: boolean): string => {
  const truth = isPostgres ? String(yes) : String(Number(yes));
  const all: Record<string, unknown> = { ...rest, yes: truth, topic: topic.hash };
  return names.map((name) => (name === 'list' ? JSON.stringify(list).replace(',', ', ') : String(all[name]))).join(' ');
};
const names = Object.keys(types);

eachDatabase('the columns of a table sink', (databases) => {
  let url: string;
  let database: Database;
  let fixture: SinkFixture;

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openDatabase(url, { create: true });
  });
  afterEach(() => database.close());

  const open = async (
    events: Parameters<typeof SinkFixture.open>[1],
    keys: Readonly<Record<string, unknown>> = {},
  ): Promise<SinkFixture> => {
    fixture = await SinkFixture.open(database, events, keys);
    await fixture.claim(1);
    return fixture;
  };
  const columnsOf = async (): Promise<Record<string, string>> => {
    const { targets } = database.dialect;
    const place = targets.place(database.knex, null, 'usdc');
    const relation = targets.relation(database.knex, place.read(await place.query));
    const { columns = [] } = relation.read(await relation.query) ?? {};
    return Object.fromEntries(columns.map(({ name, type }) => [name, type]));
  };
  const isMysql = databases.dialect === 'mariadb' || databases.dialect === 'mysql';

  it('have the types that the ABI says, and hold their highest and lowest values exactly', async () => {
    await open([event!]);
    await fixture.deliver([
      message(highest, { block: 1, event: event! }),
      message(lowest, { block: 2, event: event! }),
      message({}, { block: 3, event: event! }),
    ]);
    const found = await columnsOf();
    const at = { sqlite: 0, mariadb: 1, mysql: 1, postgres: 2 }[databases.dialect];
    for (const [name, wanted] of Object.entries(types)) {
      // MariaDB writes widths.
      const plain = found[name]?.replace(/^bigint\(20\)$/, 'bigint');
      expect(`${name} ${plain}`).to.equal(`${name} ${wanted[at]}`);
    }
    const rows = (await tableOf(url, names)).map((row) => row.replace('["1","2"]', '["1", "2"]'));
    const isPostgres = databases.dialect === 'postgres';
    expect(rows).to.deep.equal([
      texts(highest, isPostgres),
      texts(lowest, isPostgres),
      names.map(() => 'NULL').join(' '),
    ]);
    expect(fixture.logger.messages('warn')).to.deep.equal([]);
  });

  it('hold what they can of values beyond them: NULL, and told, where there is nothing to hold', async () => {
    await open(fieldsOf('Odd(uint8 small, uint256 large, address who, bool yes, string name, uint256[] list)'));
    const [odd] = fieldsOf('Odd(uint8 small, uint256 large, address who, bool yes, string name, uint256[] list)');
    await fixture.deliver(
      [
        { small: max(63), large: max(256), who: 'not an address but a text of more than 42 characters', yes: 'maybe' },
        { small: max(64), large: `1${max(256)}`, who: '汉字', yes: 1 },
        { small: '1.5', large: 'many', who: null, yes: null, name: { hex: '0xff' }, list: '\ud800 \\ud800' },
        { small: 7, large: 8, name: 'nul\0nul', list: { a: '\0' } },
      ].map((args, log) => message(args, { block: 1, log, event: odd! })),
    );
    const isPostgres = databases.dialect === 'postgres';
    const rows = await tableOf(url, ['small', 'large', 'who', 'yes', 'name']);
    expect(rows).to.deep.equal([
      `${max(63)} ${max(256)} NULL NULL NULL`,
      `NULL NULL NULL ${isPostgres ? 'true' : '1'} NULL`,
      'NULL NULL NULL NULL {"hex":"0xff"}',
      // PostgreSQL has no text with a NUL in it.
      `7 8 NULL NULL ${isPostgres ? 'nul\uFFFDnul' : 'nul\0nul'}`,
    ]);
    expect((await tableOf(url, ['list']))[2]).to.match(/^"\\ufffd \\\\ud800"$|^"\uFFFD \\\\ud800"$/);
    expect(fixture.logger.messages('warn').toSorted()).to.deep.equal([
      expectLoss('large', 2, 1),
      expectLoss('small', 2, 1),
      expectLoss('who', 2, 0),
      expectLoss('yes', 1, 0),
    ]);
  });

  it('hold nested values that the database reads again, a NUL among them, which is U+FFFD on PostgreSQL', async () => {
    const [odd] = fieldsOf('Odd(string[] list)');
    await open([odd!]);
    const lists = [['nul\0nul', '\0'], ['\\u0000', '\\\0'], ['\\\\u0000']];
    await fixture.deliver(lists.map((list, log) => message({ list }, { block: 1, log, event: odd! })));
    // The same in all rows of a statement.
    await fixture.deliver([message({ list: ['\0'] }, { block: 2, event: odd! })]);
    const first = {
      sqlite: "list ->> '$[0]'",
      mariadb: "JSON_VALUE(list, '$[0]')",
      mysql: "JSON_UNQUOTE(JSON_EXTRACT(list, '$[0]'))",
      postgres: 'list::jsonb ->> 0',
    }[databases.dialect];
    const last = first.replace(/0(?=\D*$)/, '1');
    const rows = await rowsOf(
      url,
      `SELECT ${first} AS a, ${last} AS b FROM usdc AS t ORDER BY t.block_number, t.log_index`,
    );
    const nul = databases.dialect === 'postgres' ? '\uFFFD' : '\0';
    expect(rows.map(({ a, b }) => [a, b])).to.deep.equal([
      [`nul${nul}nul`, nul],
      ['\\u0000', `\\${nul}`],
      ['\\\\u0000', null],
      [nul, null],
    ]);
  });

  function expectLoss(column: string, count: number, log: number): string {
    const [{ id }] = [message({}, { block: 1, log })];
    const rows = count === 1 ? 'a row' : `${count} rows`;
    return `warehouse: '${column}' can't hold the value of ${rows}, which is NULL there: the first one is ${id}`;
  }

  it('get _arg behind a name that a fixed one has, or another one but for its case', async () => {
    const events = fieldsOf(
      'Odd(uint8 block_number, uint8 Chain_ID, uint8 Value, uint8 value, uint8 `x`"; y)'.replace(' y', ''),
    );
    await open(events);
    const args = { block_number: '1', Chain_ID: '2', Value: '3', value: '4', '`x`";': '5' };
    await fixture.deliver([message(args, { block: 9, event: events[0]! })]);
    const own = ['block_number', 'block_number_arg', 'Chain_ID_arg', 'Value', 'value_arg'];
    expect(await tableOf(url, own)).to.deep.equal(['9 1 2 3 4']);
    expect(Object.keys(await columnsOf())).to.include('`x`";');
  });

  it('are told, with what to do, where they are more than a table can have', async () => {
    for (const type of isMysql ? ['uint8', 'uint256'] : ['uint8']) {
      const inputs = Array.from({ length: type === 'uint8' ? 2_500 : 600 }, (_, i) => `${type} value_${i}`);
      const error = await rejectionOf(open(fieldsOf(`Odd(${inputs.join(', ')})`)), UnfitReceiverError);
      expect(error.message).to.match(
        /^the table usdc would have (2507|607) columns, which are too many for its database: .*(columns|too large)/,
      );
      expect(error.hint).to.equal(
        'name fewer events by event_name, in several sinks with a table each, or keep fewer fields by a dict_mapper above the sink',
      );
    }
  });

  it('are those of all events where there are several, with a column that says which', async () => {
    const events = fieldsOf('A(uint8 x, address y, uint128 n)', 'B(uint256 x, string y, uint64 n, bool z)');
    const [a, b] = events;
    await open(events);
    await fixture.deliver([
      message({ x: '1', y: '0xaa', n: '2' }, { block: 1, event: a! }),
      message({ x: max(256), y: 'why', n: '3', z: true }, { block: 2, event: b! }),
    ]);
    const truth = databases.dialect === 'postgres' ? 'true' : '1';
    expect(await tableOf(url, ['event_name', 'x', 'y', 'n', 'z'])).to.deep.equal([
      'A 1 0xaa 2 NULL',
      `B ${max(256)} why 3 ${truth}`,
    ]);
    const found = await columnsOf();
    expect(found['y']?.toLowerCase()).to.equal(isMysql ? 'longtext' : 'text');
    expect(found['x']).to.equal(
      { sqlite: 'TEXT', postgres: 'numeric(78,0)', mysql: 'varchar(78)', mariadb: 'varchar(78)' }[databases.dialect],
    );
  });

  it('are those of all names that contracts give the arguments of one event, which is one', async () => {
    const events = fieldsOf(
      'Moved(address src, uint256 wad, string note)',
      'Moved(address indexed from, uint256 indexed src, string note)',
      'Moved(address from, uint256 value, string indexed note)',
    );
    await open(events);
    const [event] = events;
    const hash = `0x${'3'.repeat(64)}`;
    await fixture.deliver([
      message({ src: '0xaa', wad: max(256), note: 'a' }, { block: 1, event: event! }),
      message({ from: '0xbb', src: '5', note: 'b' }, { block: 2, event: event! }),
      message({ from: '0xcc', value: '6', note: { hash } }, { block: 3, event: event! }),
    ]);
    expect(Object.keys(await columnsOf()).slice(7)).to.deep.equal(['src', 'wad', 'note', 'from', 'value']);
    expect(await tableOf(url, ['src', 'wad', 'note', 'from', 'value'])).to.deep.equal([
      `0xaa ${max(256)} a NULL NULL`,
      '5 NULL b 0xbb NULL',
      `NULL NULL {"hash":"${hash}"} 0xcc 6`,
    ]);
  });

  it('are only those of the events that the sink is for', async () => {
    const events = fieldsOf('A(uint8 x)', 'B(uint8 y)');
    await open(events, { event_name: 'A' });
    expect(Object.keys(await columnsOf()).slice(7)).to.deep.equal(['x']);
  });

  it('are a mapper’s fields, with the type of what is not transformed, and else a text', async () => {
    const [event] = fieldsOf('Transfer(address from, address to, uint256 value)');
    const fields = [
      { name: 'amount', type: 'text' },
      { name: 'receiver', type: 'address' },
      { name: 'wei', type: 'uint256' },
      { name: 'block_number', type: 'int64' },
      { name: 'token.symbol', type: 'text' },
    ];
    await open([{ ...event!, fields, mapped: true }]);
    const to = `0x${'1'.repeat(40)}`;
    const data = new Map<string, unknown>([
      ['amount', 1.5],
      ['receiver', to],
      ['wei', 2n ** 255n],
      ['block_number', 5],
      ['token.symbol', { a: [1n] }],
    ]);
    await fixture.deliver([message(data, { block: 3 }), message(new Map([['amount', '0.1']]), { block: 4 })]);
    expect(
      await tableOf(url, ['block_number', 'amount', 'receiver', 'wei', 'block_number_arg', 'token.symbol']),
    ).to.deep.equal([`3 1.5 ${to} ${2n ** 255n} 5 {"a":[1]}`, '4 0.1 NULL NULL NULL NULL']);
  });

  it('are what stages have added to an event, too', async () => {
    const [event] = fieldsOf('Transfer(uint256 value)');
    await open([{ ...event!, fields: [...event!.fields, { name: 'decimals', type: 'uint8' }] }]);
    const data = new Map<string, unknown>([
      ['args', { value: '5' }],
      ['decimals', '6'],
      ['symbol', 'nobody has announced it'],
    ]);
    await fixture.deliver([message(data, { block: 3, event: event! })]);
    expect(await tableOf(url, ['value', 'decimals'])).to.deep.equal(['5 6']);
  });

  it('take a long text that is in an index where the index does', async () => {
    const events = fieldsOf('Named(string name)');
    await open(events, { indexes: [['name']] });
    // What repeats itself is stored in less.
    const long = Array.from({ length: 5_000 }, (_, i) => ((i * 2_654_435_761) % 2 ** 32).toString(36)).join('');
    await fixture.deliver([
      message({ name: long }, { block: 1, event: events[0]! }),
      message({ name: 'x' }, { block: 2, event: events[0]! }),
    ]);
    const [first, second] = await tableOf(url, ['name']);
    expect(first).to.equal(databases.dialect === 'postgres' ? 'NULL' : long);
    expect(second).to.equal('x');
  });

  it('are told where an index names none, or what has no order', async () => {
    const events = fieldsOf('A(uint8 x, uint8[] list)');
    const none = await rejectionOf(open(events, { indexes: [['x', 'y']] }), UsageError);
    expect(`${none.message}: ${none.hint}`).to.match(
      /^indexes names 'y', which is no column: the columns are .*, x, list$/,
    );
    await rejectionOf(open(events, { indexes: [['list']] }), UsageError);
    const long = await rejectionOf(open(fieldsOf(`A(uint8 ${'x'.repeat(64)})`)), UsageError);
    expect(long.message).to.contain("can't be the name of a column");
  });

  it('are summed and sorted by the database where its type lets it', async () => {
    await open(fieldsOf('A(uint128 x)'));
    const [a] = fieldsOf('A(uint128 x)');
    await fixture.deliver(['9', '10'].map((x, log) => message({ x }, { block: 1, log, event: a! })));
    const rows = await rowsOf(url, 'SELECT SUM(x) AS s FROM usdc');
    expect(Number(rows[0]?.['s'])).to.equal(19);
  });
});
