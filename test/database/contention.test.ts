import { expect } from 'chai';
import Sqlite from 'better-sqlite3';
import knex from 'knex';
import { KnexDatabase } from '../../src/database/open/knex-database.js';
import { mysqlDialect } from '../../src/database/drivers/mysql/mysql-dialect.js';
import { postgresDialect } from '../../src/database/drivers/postgres/postgres-dialect.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import type { ScriptRunner, Statement } from '../../src/database/script.js';
import { sqliteDialect } from '../../src/database/drivers/sqlite/sqlite-dialect.js';
import { DatabaseUnreachableError } from '../../src/runtime/errors.js';
import { bareDriver } from '../support/bare-driver.js';
import { createDatabase, eachServer } from '../support/databases.js';
import { HastyClock } from '../support/hasty-clock.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { beginElsewhere } from '../support/other-session.js';
import { wordsOf } from '../support/table-words.js';
import { rejectionOf } from '../support/rejection.js';

const sqlite = sqliteDialect(() => '+00:00');
const run = (sql: string): Statement => ({ sql, bindings: [] });

describe('contention', () => {
  const cases = [
    { dialect: mysqlDialect, error: { errno: 1213, message: 'Deadlock found' } },
    { dialect: mysqlDialect, error: { errno: 1205, message: 'Lock wait timeout exceeded' } },
    { dialect: mysqlDialect, error: { errno: 1020, message: 'Record has changed since last read' } },
    { dialect: postgresDialect, error: { code: '40001', message: 'could not serialize access' } },
    { dialect: postgresDialect, error: { code: '40P01', message: 'deadlock detected' } },
    { dialect: postgresDialect, error: { code: '55P03', message: 'canceling statement due to lock timeout' } },
    { dialect: sqlite, error: { code: 'SQLITE_BUSY', message: 'database is locked' } },
    { dialect: sqlite, error: { code: 'SQLITE_BUSY_SNAPSHOT', message: 'database is locked' } },
    { dialect: sqlite, error: { code: 'SQLITE_LOCKED', message: 'table is locked' } },
  ];
  for (const { dialect, error } of cases) {
    const failing = (times: number): { database: KnexDatabase; calls: () => number } => {
      let calls = 0;
      const runner: ScriptRunner = {
        run: () => {
          if (++calls <= times) return Promise.reject(Object.assign(new Error(error.message), error));
          return Promise.resolve([{ matched: 1, insertId: 0 }]);
        },
        prepare: (insert) => insert,
        close: () => Promise.resolve(),
      };
      const builder = knex({ client: dialect.name === 'sqlite' ? 'better-sqlite3' : 'mysql2', useNullAsDefault: true });
      const driver = bareDriver({ knex: builder, dialect, runner });
      return { database: new KnexDatabase({ driver, label: 'here', clock: new HastyClock() }), calls: () => calls };
    };
    const name = JSON.stringify(error);

    it(`is tried again: ${name}`, async () => {
      const { database, calls } = failing(4);
      expect(await database.write([run('X')])).to.deep.equal([{ matched: 1, insertId: 0 }]);
      expect(calls()).to.equal(5);
    });

    it(`is given up in the end, as a database that is busy: ${name}`, async () => {
      const { database, calls } = failing(100);
      const failure = await rejectionOf(database.write([run('X')]), DatabaseUnreachableError);
      expect(failure)
        .to.have.property('message')
        .that.matches(/^the database here is busy: /);
      expect(failure).to.have.property('hint').that.matches(/lock/);
      expect(calls()).to.equal(5);
    });
  }

  it('on a SQLite file is sat out', async function () {
    this.timeout(10_000);
    const path = `${temporaryFolder()}/busy.db`;
    const other = new Sqlite(path);
    other.pragma('journal_mode = WAL');
    other.exec('CREATE TABLE item (id INTEGER PRIMARY KEY)');
    const database = await openDatabase(`sqlite:${path}`, { statementTimeoutMs: 8_000 });
    other.exec('BEGIN IMMEDIATE');
    const adding = database.write([run('INSERT INTO item VALUES (1)')]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    other.exec('COMMIT');
    expect((await adding)[0]?.matched).to.equal(1);
    await database.close();
    other.close();
  });
});

eachServer('contention on a server', (server) => {
  it('of two scripts that lock each other is sorted out, and both are done', async () => {
    const url = await createDatabase(server().url());
    const [one, two] = await Promise.all([openDatabase(url), openDatabase(url)]);
    await one.write([run('CREATE TABLE item (id INTEGER PRIMARY KEY, value INTEGER)')]);
    await one.write([run('INSERT INTO item VALUES (1, 0), (2, 0)')]);
    const add = (id: number): Statement => run(`UPDATE item SET value = value + 1 WHERE id = ${id}`);
    for (let round = 0; round < 5; round++) {
      const nap = run(wordsOf(one).nap(0.05));
      await Promise.all([one.write([add(1), nap, add(2)]), two.write([add(2), nap, add(1)])]);
    }
    expect(await one.read((db) => db('item').orderBy('id').pluck('value'))).to.deep.equal([10, 10]);
    await Promise.all([one.close(), two.close()]);
  });

  it('waits for a lock for a while', async function () {
    this.timeout(20_000);
    const url = await createDatabase(server().url());
    const database = await openDatabase(url, { statementTimeoutMs: 10_000 });
    await database.write([run('CREATE TABLE item (id INTEGER PRIMARY KEY, value INTEGER)')]);
    await database.write([run('INSERT INTO item VALUES (1, 0)')]);
    const holder = await beginElsewhere(url, 'UPDATE item SET value = 7');
    const adding = database.write([run('UPDATE item SET value = value + 1'), run('INSERT INTO item VALUES (2, 0)')]);
    // Longer than one lock wait of 3 s, so that the script is rolled back and sent again.
    await new Promise((resolve) => setTimeout(resolve, 3_300));
    await holder.end();
    await adding;
    expect(await database.read((db) => db('item').orderBy('id').pluck('value'))).to.deep.equal([1, 0]);
    await database.close();
  });
});
