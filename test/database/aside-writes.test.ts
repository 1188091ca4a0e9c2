import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { createDatabase, eachDatabase, eachServer } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { within } from '../support/within.js';
import { wordsOf } from '../support/table-words.js';

const options = { statementTimeoutMs: 20_000, beatTimeoutMs: 1_000 };
const forget = (database: Database): Promise<boolean> => database.writeAside((knex) => knex('rpc_endpoint').delete());
const soon = <T>(work: Promise<T>): Promise<T> => within(1_500, work, () => 'it waits');

eachDatabase('a write aside', (databases) => {
  let database: Database;

  beforeEach(async function () {
    this.timeout(30_000);
    const url = await databases.fresh();
    await (await openMigrated(url)).close();
    database = await openDatabase(url, options);
  });
  afterEach(() => database.close());

  it('is done', async () => {
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    await database.write([
      knex('monitor').insert({ name: 'a', create_time: now, last_heartbeat: now, check_interval: 1 }),
    ]);
    expect(await database.writeAside((at) => at('monitor').where({ name: 'a' }).update({ checks: 7 }))).to.equal(true);
    expect(await database.read((at) => at('monitor').select('checks'))).to.deep.equal([{ checks: 7 }]);
  });

  it('says that it is not done where it fails, and throws nothing', async () => {
    expect(await database.writeAside((knex) => knex('nowhere').delete())).to.equal(false);
    const broken = (): never => {
      throw new Error('no query');
    };
    expect(await database.writeAside(broken)).to.equal(false);
  });
});

describe('a write aside (sqlite, locked by another)', () => {
  let path: string;
  let holder: InstanceType<typeof Sqlite>;
  let database: Database;

  beforeEach(async () => {
    path = `${temporaryFolder()}/locked.db`;
    await (await openMigrated(`sqlite:${path}`)).close();
    holder = new Sqlite(path);
  });
  afterEach(async () => {
    holder.close();
    await database.close();
  });

  const write = (): Promise<unknown> => database.write([database.knex('rpc_endpoint').delete()]);
  const refused = async (): Promise<number> => {
    await write();
    holder.exec('BEGIN IMMEDIATE');
    const since = performance.now();
    expect(await forget(database)).to.equal(false);
    return performance.now() - since;
  };

  it('of a run does not wait for the lock, and what comes behind it waits as ever', async () => {
    database = await openDatabase(`sqlite:${path}`, options);
    expect(await refused()).to.be.below(1_500);
    const commit = write();
    setTimeout(() => holder.exec('COMMIT'), 300);
    await commit;
    expect(await forget(database)).to.equal(true);
  });

  it('of any other command does not wait for it either', async () => {
    database = await openDatabase(`sqlite:${path}`);
    expect(await refused()).to.be.below(1_500);
    holder.exec('COMMIT');
    expect(await forget(database)).to.equal(true);
  });
});

eachServer('a write aside', (server) => {
  let database: Database;

  beforeEach(async function () {
    this.timeout(30_000);
    const url = await createDatabase(server().url());
    await (await openMigrated(url)).close();
    database = await openDatabase(url, options);
    await database.write([database.knex('rpc_endpoint').delete()]);
  });
  afterEach(() => database.close());

  it('waits for no commit, and keeps neither commits nor beats waiting while it waits for a lock', async () => {
    const commit = database.write([{ sql: wordsOf(database).nap(2), bindings: [] }]);
    expect(await soon(forget(database))).to.equal(true);
    await commit;
    const stuck = database.writeAside((knex) => knex.raw(wordsOf(database).nap(2)));
    const nothing = [{ sql: 'SELECT 1', bindings: [] }];
    await soon(Promise.all([database.write(nothing), database.writeUrgently(nothing)]));
    expect(await stuck).to.equal(true);
  });

  it('that a frozen server holds does not hold up the end of the program', async () => {
    await forget(database);
    server().freeze();
    try {
      const held = forget(database);
      await within(4_000, database.close(), () => 'the end waits');
      expect(await held).to.equal(false);
    } finally {
      server().thaw();
    }
  });
});
