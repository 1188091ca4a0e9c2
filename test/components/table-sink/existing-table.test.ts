import { expect } from 'chai';
import { MessageRefusedError } from '../../../src/components/seam/delivery-errors.js';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { ChainparseError, UsageError } from '../../../src/runtime/errors.js';
import { createDatabase, eachDatabase, eachServer } from '../../support/databases.js';
import { rejectionOf } from '../../support/rejection.js';
import { fieldsOf, indexesOf, message, rowsOf, runSql, SinkFixture, tableOf } from './sink-fixture.js';

const transfer = fieldsOf('Transfer(address from, address to, uint256 value)');
const args = { from: `0x${'1'.repeat(40)}`, to: `0x${'2'.repeat(40)}`, value: '5' };

/** Returns the statements that a refusal tells to run. */
function sqlIn({ hint = '' }: UsageError): readonly string[] {
  const sql = hint.replace(/^run, or write another table: /, '').split(/;\s*/);
  return sql.filter((text) => text !== '');
}

eachDatabase('a table that is there before its sink', (databases) => {
  const isMysql = databases.dialect === 'mariadb' || databases.dialect === 'mysql';
  const isSqlite = databases.dialect === 'sqlite';
  const q = (name: string): string => (isMysql ? `\`${name}\`` : `"${name}"`);
  const word = { sqlite: 'CHAR(42)', mariadb: 'char(42)', mysql: 'char(42)', postgres: 'character(42)' }[
    databases.dialect
  ];
  const time = { sqlite: 'DATETIME', mariadb: 'datetime', mysql: 'datetime', postgres: 'timestamptz' }[
    databases.dialect
  ];
  const large = { sqlite: 'TEXT', mariadb: 'varchar(78)', mysql: 'varchar(78)', postgres: 'numeric' }[
    databases.dialect
  ];
  const fixed = `chain_id BIGINT NOT NULL, block_number BIGINT NOT NULL, log_index INTEGER NOT NULL, transaction_hash VARCHAR(66) NOT NULL,
    block_hash CHAR(66) NOT NULL, block_time ${time} NULL, contract_address ${word} NOT NULL`;
  const key = 'PRIMARY KEY (chain_id, block_number, log_index, transaction_hash)';
  const own = `${q('from')} ${word} NULL, ${q('to')} ${word} NULL, value ${large} NULL`;
  let url: string;
  let database: Database;

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openDatabase(url, { create: true });
    // A SQLite file is made by whoever reads it first.
    await database.read((knex) => knex.raw('SELECT 1'));
  });
  afterEach(() => database.close());

  const open = (keys: Readonly<Record<string, unknown>> = {}): Promise<SinkFixture> =>
    SinkFixture.open(database, transfer, keys);

  it('is taken as it is where it fits, with columns and indexes of its owner’s', async () => {
    const mine = `note VARCHAR(20) DEFAULT 'mine' NOT NULL, seen INTEGER NULL`;
    await runSql(url, `CREATE TABLE usdc (note2 INTEGER NULL, ${fixed}, ${mine}, ${own}, ${key})`);
    await runSql(
      url,
      'CREATE INDEX mine ON usdc (seen)',
      'CREATE UNIQUE INDEX more ON usdc (chain_id, block_number, log_index, transaction_hash, seen)',
    );
    const fixture = await open();
    await fixture.claim(1);
    await fixture.deliver([message(args, { block: 1 })]);
    await runSql(url, "UPDATE usdc SET seen = 1, note = 'looked at'");
    await fixture.deliver([message({ ...args, value: '6' }, { block: 1 }), message(args, { block: 2 })]);
    expect(await tableOf(url, ['value', 'note', 'seen'])).to.deep.equal(['6 looked at 1', '5 mine NULL']);
  });

  it('keeps its views and what others may do with it, whatever the sink does', async () => {
    const first = await open();
    await first.claim(1);
    await runSql(url, 'CREATE VIEW large AS SELECT value FROM usdc WHERE block_number > 1');
    if (databases.dialect === 'postgres') await runSql(url, 'GRANT SELECT ON usdc TO PUBLIC');
    await first.deliver([message(args, { block: 1 }), message({ ...args, value: '7' }, { block: 2 })]);
    await first.deliver([message(args, { block: 1, op: 'remove' })]);
    const second = await open();
    await second.claim(2);
    await second.deliver([message({ ...args, value: '8' }, { block: 3 })], 2);
    expect(
      (await rowsOf(url, 'SELECT value FROM large ORDER BY value')).map(({ value }) => Number(value)),
    ).to.deep.equal([7, 8]);
    if (databases.dialect !== 'postgres') return;
    const rights = await rowsOf(url, "SELECT has_table_privilege('pg_monitor', 'usdc', 'SELECT') AS may");
    expect(rights[0]?.['may']).to.equal(1);
  });

  it('is told with all that differs and the SQL to run, after which it is taken; until then nothing is written', async () => {
    const wrong = fixed
      .replace('block_hash CHAR(66)', 'block_hash INTEGER')
      .replace(`block_time ${time} NULL`, `block_time ${time} NOT NULL`);
    const rest = `${q('from')} INTEGER NULL, ${q('to')} ${word} NULL, must VARCHAR(10) NOT NULL`;
    await runSql(
      url,
      `CREATE TABLE usdc (${wrong}, ${rest})`,
      `CREATE UNIQUE INDEX narrow ON usdc (block_number, log_index)`,
    );
    const fixture = await open({ indexes: [['to']] });
    const error = await rejectionOf(fixture.claim(1), UsageError);
    const told = [
      /'block_hash' is (INTEGER|int|int\(11\)|integer), not (CHAR|char|character)\(66\)/,
      /'block_time' must be able to be NULL/,
      /'from' is (INTEGER|int|int\(11\)|integer), not (CHAR|char|character)\(42\)/,
      /'value' is missing/,
      /'must' must have a value, which the sink does not know/,
      /no two rows may share block_number, log_index, which rows of the sink do/,
      /nothing keeps chain_id, block_number, log_index, transaction_hash unique/,
      /the index on to is missing/,
    ];
    for (const text of told) expect(error.message).to.match(text);
    expect(error.message.split(': ').at(-1)?.split('; ')).to.have.length(told.length);
    expect(await tablesOf()).to.deep.equal(['usdc']);
    const sql = sqlIn(error);
    expect(sql.length).to.be.at.least(told.length);
    await runSql(url, ...sql);
    expect(await fixture.claim(1)).to.equal(null);
    await fixture.deliver([message(args, { block: 1 })]);
    expect(await tableOf(url, ['from', 'value', 'must'])).to.deep.equal([`${args.from} 5 NULL`]);
  });

  it('lacks columns where more contracts come with names of their own, which is told with the SQL that makes them', async () => {
    const first = await open();
    await first.claim(1);
    await first.deliver([message(args, { block: 1 })]);
    const more = fieldsOf(
      'Transfer(address from, address to, uint256 indexed tokenId)',
      'Transfer(address from, address to, uint256 value)',
    );
    const second = await SinkFixture.open(database, more);
    const error = await rejectionOf(second.claim(2), UsageError);
    expect(error.message).to.match(/ is not what the sink fills: 'tokenId' is missing$/);
    await runSql(url, ...sqlIn(error));
    await second.claim(2);
    await second.deliver([message({ from: args.from, to: args.to, tokenId: '7' }, { block: 2 })], 2);
    expect(await tableOf(url, ['to', 'value', 'tokenId'])).to.deep.equal([`${args.to} 5 NULL`, `${args.to} NULL 7`]);
  });

  it('may let no two rows share a column whose name has capitals, which is told as of any other', async () => {
    const minted = fieldsOf('Minted(address to, uint256 tokenId)');
    const first = await SinkFixture.open(database, minted);
    await first.claim(1);
    await runSql(url, `CREATE UNIQUE INDEX mine ON usdc (${q('tokenId')})`);
    const second = await SinkFixture.open(database, minted);
    const error = await rejectionOf(second.claim(2), UsageError);
    expect(error.message).to.match(
      / is not what the sink fills: no two rows may share tokenId, which rows of the sink do$/,
    );
    await runSql(url, ...sqlIn(error));
    await second.claim(2);
  });

  it('is taken where its owner wrote names with capitals that the database takes for the same', async () => {
    const shouted = ['CHAIN_ID', 'BLOCK_NUMBER', 'LOG_INDEX', 'TRANSACTION_HASH'];
    const columns = fixed.replace(new RegExp(shouted.join('|'), 'gi'), (name) => name.toUpperCase());
    await runSql(
      url,
      `CREATE TABLE usdc (${columns}, ${own.replace('value', 'VALUE')}, PRIMARY KEY (${shouted.join(', ')}))`,
      'CREATE INDEX mine ON usdc (VALUE)',
    );
    const fixture = await open({ indexes: [['value']] });
    await fixture.claim(1);
    await fixture.deliver([message(args, { block: 1 })]);
    expect(await tableOf(url, ['chain_id', 'value'])).to.deep.equal(['1 5']);
  });

  it('keeps the indexes on a column that gets another type by the SQL that is told', async () => {
    const indexes = [['value'], ['to', 'value']];
    const narrow = fieldsOf('Transfer(address from, address to, uint32 value)');
    const first = await SinkFixture.open(database, narrow, { indexes });
    await first.claim(1);
    await first.deliver([message(args, { block: 1, event: narrow[0]! })]);
    if (!isMysql) {
      await runSql(url, 'CREATE INDEX few ON usdc (abs(value)) WHERE value > 1');
    }
    const before = await indexesOf(url, 'usdc');
    const second = await open({ indexes });
    const error = await rejectionOf(second.claim(2), UsageError);
    expect(error.message).to.match(/ is not what the sink fills: 'value' is \S+, not \S+$/);
    await runSql(url, ...sqlIn(error));
    await second.claim(2);
    await second.deliver([message({ ...args, value: '6' }, { block: 2 })], 2);
    expect(await tableOf(url, ['value'])).to.deep.equal(['5', '6']);
    expect(await indexesOf(url, 'usdc')).to.deep.equal(before);
    if (!isSqlite) return;
    const made = await rowsOf(url, "SELECT sql FROM sqlite_master WHERE name = 'few'");
    expect(made).to.deep.equal([{ sql: 'CREATE INDEX few ON usdc (abs(value)) WHERE value > 1' }]);
  });

  it('has columns that are wider than needed once its definition names fewer events, and an index on their name', async () => {
    const all = fieldsOf(
      'Small(uint8 amount, bool done)',
      'Large(uint256 amount, bool done)',
      'Said(string done, uint256 amount)',
    );
    const [small] = all;
    const indexes = [['event_name']];
    const first = await SinkFixture.open(database, all, { indexes });
    await first.claim(1);
    await first.deliver([message({ amount: '5', done: true }, { block: 1, event: small! })]);
    const second = await SinkFixture.open(database, [small!], { indexes });
    await second.claim(2);
    await second.deliver([message({ amount: '6', done: true }, { block: 2, event: small! })], 2);
    expect(await tableOf(url, ['event_name', 'amount', 'done'])).to.deep.equal(['Small 5 true', 'Small 6 true']);
  });

  it('gets the events’ name where an index asks for it, though there is one event', async () => {
    const first = await open();
    await first.claim(1);
    await first.deliver([message(args, { block: 1 })]);
    const second = await open({ indexes: [['event_name']] });
    await runSql(url, ...sqlIn(await rejectionOf(second.claim(2), UsageError)));
    await second.claim(2);
    await second.deliver([message(args, { block: 2 })], 2);
    expect(await tableOf(url, ['event_name'])).to.deep.equal(['NULL', 'Transfer']);
  });

  it('lacks indexes, whose SQL names them as nothing is called yet', async () => {
    const indexes = [['to'], ['from', 'to'], ['value']];
    await (await open({ indexes })).claim(1);
    await runSql(url, 'ALTER TABLE usdc RENAME TO usdc_2023', 'DELETE FROM chainparse_sink');
    await (await open()).claim(1);
    const error = await rejectionOf((await open({ indexes })).claim(2), UsageError);
    expect(error.message).to.match(
      /: the index on to is missing; the index on from, to is missing; the index on value is missing$/,
    );
    await runSql(url, ...sqlIn(error));
    await (await open({ indexes })).claim(2);
  });

  it('has a JSON column where an array was, which is told once its argument is a hash', async () => {
    const paid = fieldsOf('Paid(uint256[] sums)');
    const event = paid[0]!;
    const first = await SinkFixture.open(database, paid);
    await first.claim(1);
    await first.deliver([message({ sums: ['1', '2'] }, { block: 1, event })]);
    const second = await SinkFixture.open(database, fieldsOf('Paid(uint256[] indexed sums)'));
    const error = await rejectionOf(second.claim(2), UsageError);
    expect(error.message).to.match(/ is not what the sink fills: 'sums' is \w+, not (?:CHAR|char|character)\(66\)/);
    await runSql(url, ...sqlIn(error));
    await second.claim(2);
    const sums = `0x${'3'.repeat(64)}`;
    await second.deliver([message({ sums }, { block: 2, event })], 2);
    expect((await tableOf(url, ['sums'])).at(-1)).to.equal(sums);
  });

  it('is no view', async () => {
    await runSql(url, 'CREATE VIEW usdc AS SELECT 1 AS x');
    const error = await rejectionOf((await open()).claim(1), UsageError);
    expect(error.message).to.equal("'usdc' is no table that rows could be written into: write another table");
  });

  it('may refuse a row for a reason of its owner’s, which is told as such', async () => {
    const check = `, CHECK (block_number < 10)`;
    await runSql(url, `CREATE TABLE usdc (${fixed}, ${own}, ${key}${check})`);
    const fixture = await open();
    await fixture.claim(1);
    const after = await fixture.deliver([message(args, { block: 1 })]);
    const batch = [message(args, { block: 2 }), message(args, { block: 10 })];
    expect((await rejectionOf(fixture.deliver(batch), MessageRefusedError)).message).to.match(
      /^the table usdc takes no such row: /,
    );
    expect(await (await open()).claim(2)).to.deep.equal(after);
    expect(await tableOf(url, ['block_number'])).to.deep.equal(['1']);
  });

  async function tablesOf(): Promise<readonly unknown[]> {
    const sql = {
      sqlite: "SELECT name FROM sqlite_master WHERE type = 'table'",
      postgres:
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace",
    } as Record<string, string>;
    const inMysql = 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()';
    return (await rowsOf(url, sql[databases.dialect] ?? inMysql)).map(({ name }) => name);
  }

  it('is found in a schema, beside which the cursor is kept', async () => {
    if (isSqlite) {
      const error = await rejectionOf((await open({ table: 'analytics.usdc' })).claim(1), UsageError);
      expect(`${error.message}: ${error.hint}`).to.equal(
        "a SQLite database has no schemas: 'analytics.usdc' can't be a table of it: write table: usdc",
      );
      return;
    }
    const schema = new URL(url).pathname.slice(1) + '_analytics';
    await runSql(url, `CREATE SCHEMA ${schema}`);
    try {
      const fixture = await open({ table: `${schema}.usdc`, indexes: [['to']] });
      await fixture.claim(1);
      const after = await fixture.deliver([message(args, { block: 1 })]);
      expect(await tableOf(url, ['value'], `${schema}.usdc`)).to.deep.equal(['5']);
      expect(await rowsOf(url, `SELECT sink FROM ${schema}.chainparse_sink`)).to.have.length(1);
      expect(await (await open({ table: `${schema}.usdc`, indexes: [['to']] })).claim(2)).to.deep.equal(after);
      await fixture.sink.close();
      // The same name in another schema is another table.
      expect(await (await SinkFixture.open(database, transfer, {}, { name: 'other' })).claim(1)).to.equal(null);
    } finally {
      await runSql(url, `DROP SCHEMA ${schema}${isMysql ? '' : ' CASCADE'}`);
    }
  });
});

eachServer('a table of a server that refuses its sink', (server, { name }) => {
  const refusalOf = async (url: string, table: string): Promise<string> => {
    const database = await openDatabase(url);
    const { message, hint } = await rejectionOf(
      (await SinkFixture.open(database, transfer, { table })).claim(1),
      ChainparseError,
    );
    await database.close();
    return `${message}: ${hint}`;
  };

  it('is said to lack its schema, and how that is made', async () => {
    const hint = await refusalOf(await createDatabase(server().url()), 'nowhere_yet.usdc');
    expect(hint).to.match(name === 'postgres' ? /"nowhere_yet" does not exist: CREATE SCHEMA/ : /create the database/);
  });

  it('is said to lack rights, and which', async () => {
    const url = new URL(await createDatabase(server().url()));
    const word = name === 'postgres' ? 'PASSWORD' : 'IDENTIFIED BY';
    const user = name === 'postgres' ? 'looker' : "'looker'@'%'";
    await runSql(url.href, `CREATE USER ${user} ${word} 'right99'`);
    if (name !== 'postgres') await runSql(url.href, `GRANT SELECT ON ${url.pathname.slice(1)}.* TO ${user}`);
    if (name === 'postgres') await runSql(url.href, 'REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    Object.assign(url, { username: 'looker', password: 'right99' });
    expect(await refusalOf(url.href, 'usdc')).to.match(
      /does not let this user: .*: GRANT SELECT, INSERT, UPDATE, DELETE ON usdc, and on chainparse_sink beside it/,
    );
  });
});
