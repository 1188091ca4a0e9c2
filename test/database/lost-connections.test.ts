import { expect } from 'chai';
import { createConnection } from 'mysql2/promise';
import type { Database } from '../../src/database/database.js';
import { sessionSetup } from '../../src/database/drivers/mysql/mysql-connection.js';
import { expectPackets } from '../../src/database/drivers/mysql/mysql-script.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { FenceError } from '../../src/database/script.js';
import type { Statement } from '../../src/database/script.js';
import { DatabaseUnreachableError } from '../../src/runtime/errors.js';
import { createDatabase, eachServer } from '../support/databases.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { eventually, within } from '../support/within.js';
import { bulkInsert } from './bulk-insert.js';
import { rejectionOf } from '../support/rejection.js';
import { wordsOf } from '../support/table-words.js';
import { beginElsewhere } from '../support/other-session.js';
import { countNaps, endOtherSessions } from './other-sessions.js';

const timeoutMs = 800;

eachServer('a connection to a server', (server, { name }) => {
  let direct: Database;
  let database: Database;
  let proxy: TcpProxy;
  let url: string;

  before(async () => {
    const directUrl = await createDatabase(server().url());
    direct = await openDatabase(directUrl);
    const { id, longText } = wordsOf(direct);
    await direct.write([run(`CREATE TABLE item (id ${id}, a ${longText})`)]);
    ({ proxy, url } = await TcpProxy.before(directUrl));
  });
  beforeEach(async () => {
    await direct.write([run('DELETE FROM item')]);
    database = await openDatabase(url, { statementTimeoutMs: timeoutMs });
  });
  afterEach(async () => {
    proxy.resume();
    await database.close();
  });
  after(async () => {
    await direct.close();
    await proxy.close();
  });

  const run = (sql: string): Statement => ({ sql, bindings: [] });
  const add = run("INSERT INTO item (a) VALUES ('x')");
  const count = async (): Promise<number> => (await direct.read<unknown[]>((knex) => knex('item'))).length;
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    rejectionOf(within(timeoutMs + 1_500, work, () => 'it hangs'));
  const openSockets = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length - 2 * proxy.connections;
  const killOthers = async (): Promise<void> => void expect(await endOtherSessions(direct)).to.be.greaterThan(0);

  it('is made anew after it was killed while it was idle', async () => {
    await database.write([add]);
    await database.read((knex) => knex('item'));
    await killOthers();
    await eventually('both have ended here, too', () => proxy.connections === 0);
    await database.write([add]);
    expect(await database.read((knex) => knex('item'))).to.have.length(2);
  });

  it('fails the call that it was killed under, which did nothing, and the next one works', async () => {
    await database.write([add]);
    await database.read((knex) => knex('item'));
    const dying = failure(database.write([add, run(wordsOf(database).nap(5)), add]));
    const read = failure(database.read((knex) => knex.raw(wordsOf(database).nap(5))));
    await eventually('both nap', async () => (await countNaps(direct)) === 2);
    await killOthers();
    expect(await dying).to.be.instanceOf(DatabaseUnreachableError);
    expect(await read).to.be.instanceOf(DatabaseUnreachableError);
    expect(await count()).to.equal(1);
    await database.write([add]);
    expect(await database.read((knex) => knex('item'))).to.have.length(2);
  });

  it('fails the calls that it was cut under', async () => {
    await database.write([add]);
    proxy.freeze('answers');
    const calls = [failure(database.write([add])), failure(database.read((knex) => knex('item')))];
    await eventually('the server has written', async () => (await count()) === 2);
    proxy.reset();
    proxy.resume();
    for (const call of calls) expect(await call).to.be.instanceOf(DatabaseUnreachableError);
    // The server had done the work whose answer was lost: only the rows can tell.
    expect(await count()).to.equal(2);
    await database.write([add]);
    expect(await count()).to.equal(3);
  });

  it('fails within the timeout where nothing comes back any more, and the next call reconnects', async () => {
    await database.write([add]);
    await database.read((knex) => knex('item'));
    proxy.freeze();
    const calls = [failure(database.write([add])), failure(database.read((knex) => knex('item')))];
    for (const call of calls) expect(await call).to.be.instanceOf(DatabaseUnreachableError);
    proxy.reset();
    proxy.resume();
    expect(await count()).to.equal(1);
    await database.write([add]);
    expect(await database.read((knex) => knex('item'))).to.have.length(2);
  });

  it('fails within the timeout where a server accepts and says nothing', async () => {
    proxy.freeze();
    const error = await failure(database.write([add]));
    expect(error).to.be.instanceOf(DatabaseUnreachableError);
    expect(String(error)).to.match(/did not answer within 0.8 s/);
  });

  it('can be closed while nothing comes back, and keeps no process alive', async () => {
    const before = openSockets();
    await database.write([add]);
    await database.read((knex) => knex('item'));
    proxy.freeze();
    const calls = [failure(database.write([add])), failure(database.write([add]))];
    calls.push(failure(database.read((knex) => knex('item'))));
    await within(3_000, database.close(), () => 'close hangs');
    await Promise.all(calls);
    await eventually('no socket is left', () => openSockets() <= before, 1_000);
  });

  for (const direction of ['both', 'requests'] as const) {
    const heard = direction === 'both' ? 'before the greeting' : 'after the greeting';
    it(`can be closed while its connections are being made, ${heard}, and opens none afterwards`, async () => {
      const before = openSockets();
      const patient = await openDatabase(url, { statementTimeoutMs: 60_000 });
      proxy.freeze(direction);
      const calls = [failure(patient.write([add])), failure(patient.read((knex) => knex('item')))];
      await eventually('both connect', () => openSockets() === before + 2, 1_000);
      await within(3_000, patient.close(), () => 'close hangs');
      await Promise.all(calls);
      await failure(patient.read((knex) => knex('item')));
      await failure(patient.write([add]));
      expect(openSockets()).to.equal(before);
    });
  }

  if (name === 'postgres') {
    it('ends a transaction whose client froze in its middle', async function () {
      this.timeout(20_000);
      await direct.write([add]);
      const frozen = await beginElsewhere(
        url,
        "SET idle_in_transaction_session_timeout = '5s'",
        "UPDATE item SET a = 'locked'",
      );
      await direct.write([run("UPDATE item SET a = 'free'")]);
      expect(await direct.read((knex) => knex('item').pluck('a'))).to.deep.equal(['free']);
      await frozen.end();
    });
    return;
  }

  it('sends a script in several packets where the server takes only small ones, still whole or not at all', async () => {
    await direct.write([run('SET GLOBAL max_allowed_packet = 16384')]);
    try {
      const small = await openDatabase(url);
      const rows = Array.from({ length: 300 }, (_, i) => [i + 1, 'x'.repeat(300)]);
      const many = bulkInsert('item', [{ name: 'id' }, { name: 'a' }], rows);
      const broken = { ...run('UPDATE item SET a = 1 WHERE id = 999'), fence: true };
      expect(await failure(small.write([many, broken]))).to.be.instanceOf(FenceError);
      expect(await count()).to.equal(0);
      const [result] = await small.write([many, add]);
      expect(result?.matched).to.equal(300);
      expect(await count()).to.equal(301);
      await small.close();
    } finally {
      await direct.write([run('SET GLOBAL max_allowed_packet = 16777216')]);
    }
  });

  it('ends a transaction whose client froze in its middle', async function () {
    this.timeout(20_000);
    await direct.write([add]);
    const frozen = await createConnection(url);
    frozen.on('error', () => undefined);
    for (const statement of [...sessionSetup('+00:00'), expectPackets]) await frozen.query(statement);
    await frozen.query('BEGIN');
    await frozen.query("UPDATE item SET a = 'locked'");
    await direct.write([run("UPDATE item SET a = 'free'")]);
    expect(await direct.read((knex) => knex('item').pluck('a'))).to.deep.equal(['free']);
    frozen.destroy();
  });

  it('is as patient with an idle client as ever behind a script of several packets, done or rolled back', async () => {
    await direct.write([run('SET GLOBAL max_allowed_packet = 16384')]);
    try {
      const small = await openDatabase(url);
      const rows = Array.from({ length: 100 }, (_, i) => [i + 1, 'x'.repeat(300)]);
      const many = bulkInsert('item', [{ name: 'id' }, { name: 'a' }], rows);
      const none = { ...run('UPDATE item SET a = 1 WHERE id = 999'), fence: true };
      const keep = run(
        "UPDATE item SET a = CONCAT(@@SESSION.wait_timeout, ' of ', @@GLOBAL.wait_timeout) WHERE id = 1",
      );
      const kept = async (): Promise<unknown> =>
        (await direct.read<unknown[]>((knex) => knex('item').where({ id: 1 }).pluck('a')))[0];
      const patience = await direct.read<[{ whole: string }[]]>((knex) =>
        knex.raw("SELECT CONCAT(@@GLOBAL.wait_timeout, ' of ', @@GLOBAL.wait_timeout) AS whole"),
      );
      await small.write([many, add]);
      await small.write([keep]);
      expect(await kept()).to.equal(patience[0][0]?.whole);
      expect(
        await failure(
          small.write([
            run('DELETE FROM item WHERE id > 1'),
            bulkInsert('item', [{ name: 'id' }, { name: 'a' }], rows.slice(1)),
            none,
          ]),
        ),
      ).to.be.instanceOf(FenceError);
      await small.write([keep]);
      expect(await kept()).to.equal(patience[0][0]?.whole);
      await small.close();
    } finally {
      await direct.write([run('SET GLOBAL max_allowed_packet = 16777216')]);
    }
  });
});
