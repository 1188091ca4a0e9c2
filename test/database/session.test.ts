import { expect } from 'chai';
import type { Database, Query } from '../../src/database/database.js';
import { Migrator, requireMigrated } from '../../src/database/schema/migrator.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { UsageError } from '../../src/runtime/errors.js';
import { eachDatabase } from '../support/databases.js';
import { claimRequest } from './claim-request.js';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import { rejectionOf } from '../support/rejection.js';

/** What the clock on the wall of a time zone shows, in milliseconds. */
const wallOf = (hours: number): number => Date.now() + hours * 3_600_000;
const parse = (text: string | null): number => Date.parse(`${String(text)}Z`);

eachDatabase('a session', (databases) => {
  let url: string;
  let database: Database;

  before(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    const first = await openDatabase(url, { timezone: '+08:00', create: true });
    await new Migrator(first).up(() => undefined);
    await first.close();
    // Nothing is set: the database knows.
    database = await openDatabase(url, { statementTimeoutMs: 10_000 });
    await requireMigrated(database);
  });
  after(() => database.close());

  it('writes local time in the time zone that the database has stored, and counts ages right', async () => {
    const tasks = new TaskStore(database);
    await new CheckpointStore(database).get(45);
    const id = await tasks.claim(claimRequest({ pipelineId: 45 }));
    await tasks.renew([{ taskId: id, progress: null }]);
    const task = await tasks.get(id);
    expect(parse(task.createTime)).to.be.closeTo(wallOf(8), 5_000);
    expect(parse(task.lastHeartbeat)).to.be.closeTo(wallOf(8), 5_000);
    expect(task.createTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    expect(task.heartbeatAgeSeconds).to.be.within(0, 5);
    expect(task.silentSeconds).to.be.within(0, 5);
  });

  it('takes rows of an older program in local time for what they are', async () => {
    const past = new Date(wallOf(8) - 600_000).toISOString().slice(0, 19).replace('T', ' ');
    const { knex } = database;
    await database.write([knex('pipeline_task').insert({ pipeline_id: 46, status: 0, create_time: past })]);
    const task = await new TaskStore(database).getNewest(46);
    expect(task?.silentSeconds).to.be.closeTo(600, 5);
    expect(task?.heartbeatAgeSeconds).to.equal(null);
  });

  it('refuses a time zone that is no offset', async () => {
    for (const timezone of ['Asia/Shanghai', '8', "+08:00'", '']) {
      await rejectionOf(openDatabase(url, { timezone }), UsageError);
    }
  });

  const tooLong = (): Query =>
    database.knex('pipeline_task').insert({
      pipeline_id: 1,
      status: 0,
      create_time: database.dialect.now(database.knex),
      end_reason: 'x'.repeat(65),
    });

  if (databases.dialect === 'sqlite') {
    it('waits for others, keeps a log of writes, and minds foreign keys', async () => {
      const pragma = async (name: string): Promise<unknown> =>
        (await database.read<Record<string, unknown>[]>((knex) => knex.raw(`PRAGMA ${name}`)))[0];
      expect(await pragma('journal_mode')).to.deep.equal({ journal_mode: 'wal' });
      expect(await pragma('busy_timeout')).to.deep.equal({ timeout: 5_000 });
      expect(await pragma('foreign_keys')).to.deep.equal({ foreign_keys: 1 });
      expect(await pragma('synchronous')).to.deep.equal({ synchronous: 1 });
    });
    return;
  }

  if (databases.dialect === 'postgres') {
    const expected = {
      TimeZone: '<+08>-08',
      transaction_isolation: 'read committed',
      lock_timeout: '3s',
      idle_in_transaction_session_timeout: '5s',
      standard_conforming_strings: 'on',
      client_encoding: 'UTF8',
      statement_timeout: '10s',
    };
    const settings = Object.keys(expected)
      .map((name) => `current_setting('${name}') AS "${name}"`)
      .join(', ');

    it('of the pool has what runs rely on, each of them', async () => {
      const slow = (): Promise<{ rows: unknown[] }> =>
        database.read((knex) => knex.raw(`SELECT ${settings}, pg_sleep(0.1)::text AS nap`));
      for (const { rows } of await Promise.all([slow(), slow(), slow()])) {
        expect(rows).to.deep.equal([{ ...expected, nap: '' }]);
      }
    });

    it('of scripts has the same', async () => {
      await database.write([{ sql: `CREATE TABLE seen AS SELECT ${settings}`, bindings: [] }]);
      expect(await database.read((knex) => knex('seen'))).to.deep.equal([expected]);
    });

    it('fails where a value does not fit, instead of cutting it', async () => {
      const failure: unknown = await database.write([tooLong()]).catch((error: unknown) => error);
      expect(failure).to.include({ code: '22001' });
    });
    return;
  }

  const settings = [
    '@@SESSION.time_zone AS zone',
    "@@SESSION.sql_mode LIKE '%STRICT_TRANS_TABLES%' AS strict",
    "@@SESSION.sql_mode LIKE '%NO_BACKSLASH_ESCAPES%' AS plain_backslashes",
    '@@SESSION.transaction_isolation AS isolation',
    '@@SESSION.innodb_lock_wait_timeout AS lock_wait',
    // MySQL has none: there only a transaction of several packets is limited, by its own words.
    ...(databases.dialect === 'mariadb' ? ['@@SESSION.idle_write_transaction_timeout AS idle_write'] : []),
    '@@SESSION.character_set_client AS charset',
  ].join(', ');
  const expected = {
    zone: '+08:00',
    strict: 1,
    plain_backslashes: 0,
    isolation: 'READ-COMMITTED',
    lock_wait: 3,
    ...(databases.dialect === 'mariadb' ? { idle_write: 5 } : {}),
    charset: 'utf8mb4',
  };

  it('of the pool has what runs rely on, each of them', async () => {
    const slow = (): Promise<[unknown[]]> => database.read((knex) => knex.raw(`SELECT ${settings}, SLEEP(0.1) AS nap`));
    const answers = await Promise.all([slow(), slow(), slow()]);
    for (const [rows] of answers) expect(rows).to.deep.equal([{ ...expected, nap: 0 }]);
  });

  it('of scripts has the same', async () => {
    const keep = `CREATE TABLE seen SELECT ${settings}`;
    await database.write([{ sql: keep, bindings: [] }]);
    expect(await database.read((knex) => knex('seen'))).to.deep.equal([expected]);
  });

  it('fails where a value does not fit, instead of cutting it', async () => {
    const failure: unknown = await rejectionOf(database.write([tooLong()]));
    expect(failure).to.include({ errno: 1406 });
  });
});
