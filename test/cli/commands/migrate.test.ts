import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { makeOlderTables } from '../../database/older-program.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runInPlace } from '../run-in.js';
import type { CommandResult } from '../run-in.js';

describe('migrate', () => {
  it('refuses options that say more than one thing', async () => {
    const cwd = temporaryFolder();
    for (const options of [
      ['--sql', '--rollback'],
      ['--status', '--rollback', '--all'],
      ['--status', '--sql'],
      ['--all'],
    ]) {
      const { code, stdout, stderr } = await runInPlace({ cwd }, ['migrate', ...options]);
      expect([code, stdout]).to.deep.equal([2, '']);
      expect(stderr).to.match(/^error: .*(exclude each other|goes with --rollback alone)\nhint: /);
    }
    expect(readdirSync(cwd)).to.deep.equal([]);
  });

  it('prints all statements for a SQLite file that is yet to be made, and makes none', async () => {
    const cwd = temporaryFolder();
    const place = { cwd, env: { CHAINPARSE_DATABASE_URL: `sqlite:${cwd}/events.db` } };
    const { code, stdout } = await runInPlace(place, ['migrate', '--sql', '--json']);
    expect(code).to.equal(0);
    const { sql } = JSON.parse(stdout) as { sql: readonly string[] };
    expect(sql.join('\n')).to.match(/create table `pipeline_task`/i);
    expect(readdirSync(cwd)).to.deep.equal([]);
    for (const other of ['--status', '--rollback']) {
      expect(await runInPlace(place, ['migrate', other]), other).to.include({ code: 5 });
    }
    // What is there is looked at, and nothing else.
    await runInPlace(place, ['migrate']);
    expect((await runInPlace(place, ['migrate', '--sql'])).stdout).to.equal('-- the database is up to date\n');
  });

  it('says first which database it is, without its secrets, and in JSON with the results', async () => {
    const cwd = temporaryFolder();
    for (const options of [[], ['--status'], ['--rollback']]) {
      const { stderr } = await runInPlace({ cwd }, ['migrate', ...options]);
      expect(stderr, options.join()).to.match(/^the database is sqlite:chainparse\.db\n/);
    }
    for (const options of [[], ['--status'], ['--sql'], ['--rollback']]) {
      const { stdout, stderr } = await runInPlace({ cwd }, ['migrate', '--json', ...options]);
      expect(stderr).to.equal('');
      expect(JSON.parse(stdout), options.join()).to.have.property('database', 'sqlite:chainparse.db');
    }
    const away = 'postgres://me:pass-word@127.0.0.1:1/mine?sslmode=disable';
    const { code, stderr } = await runInPlace({ cwd }, ['migrate', '--database', away]);
    expect(code).to.equal(5);
    expect(stderr)
      .to.match(/^the database is postgres:.*127\.0\.0\.1:1\/mine.*\n/)
      .and.not.to.contain('pass-word');
  });
});

eachDatabase('migrate', (databases) => {
  let url: string;
  let database: Database;

  beforeEach(async function () {
    this.timeout(30_000);
    url = await databases.fresh();
    database = await openDatabase(url, { create: true });
    await database.knex.raw('SELECT 1');
  });
  afterEach(() => database.close());

  const chainparse = (args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> =>
    runInPlace({ cwd: temporaryFolder(), env: { CHAINPARSE_DATABASE_URL: url, ...env } }, args);
  const stored = async (): Promise<unknown> =>
    (await database.knex<{ time_zone: string }>('chainparse_installation').select('time_zone'))[0]?.time_zone;

  describe('of a database that is newer than this program', () => {
    beforeEach(async () => {
      await (await openMigrated(url)).close();
      const made = JSON.stringify([{ kind: 'table', table: 'pipeline_task' }]);
      await database.knex('chainparse_migration').insert({ name: '0999-newer', applied_at: '2030-01-01', made });
    });

    it('changes nothing, and no command uses it', async function () {
      this.timeout(60_000);
      for (const args of [
        ...[['migrate'], ['migrate', '--sql'], ['migrate', '--rollback'], ['migrate', '--rollback', '--all']],
        ...[
          ['migrate', '--time-zone', '+08:00'],
          ['tasks', 'list'],
          ['monitor', '--once'],
          ['run-pipeline', '45'],
        ],
        ...[['pipeline', 'list'], ['heartbeat', 'send', '1'], ['heartbeat', 'test'], ['status'], ['alerts', 'list']],
        ...[['serve', '--port', '0'], ['worker'], ['monitor'], ['abi', 'list'], ['events', 'list', '--pipeline', '45']],
      ]) {
        const { code, stderr } = await chainparse(args);
        expect(code, args.join(' ')).to.equal(5);
        expect(stderr, args.join(' ')).to.match(
          /^error: the schema of the database .* is newer than this program: it has migrations that this version does not know \(0999-newer\)$/m,
        );
        expect(stderr).to.match(/^hint: use the version of chainparse that made them, or a newer one$/m);
      }
      expect(await database.knex('pipeline_task').select('id')).to.deep.equal([]);
    });

    it('lists with --status what it does not know, and is refused all the same', async () => {
      const { code, stdout, stderr } = await chainparse(['migrate', '--status', '--json']);
      expect(code).to.equal(5);
      expect(stderr).to.match(/"message":"the schema of the database .* is newer than this program: /);
      const status = JSON.parse(stdout) as { migrations: object[]; pending: number };
      expect(status.pending).to.equal(0);
      expect(status.migrations.at(-1)).to.include({ name: '0999-newer', applied: true, known: false });
      expect((await chainparse(['migrate', '--status'])).stdout).to.match(/0999-newer +made by a newer version/);
    });
  });

  it('stores the time zone that is set, and says nothing of it where there is nothing to misread', async () => {
    expect(await chainparse(['migrate'])).to.include({ code: 0 });
    expect(await stored()).to.equal('+00:00');
    expect((await chainparse(['migrate', '--status', '--lang', 'zh'])).stdout).to.match(
      /^0001-pipelines +已应用 +\d{4}-/m,
    );
    const { stderr } = await chainparse(['migrate']);
    expect(stderr).not.to.match(/time.zone/);
  });

  it("warns where it adopts an older program's tasks and nothing is set, in either language", async function () {
    this.timeout(90_000);
    await makeOlderTables(database, { rows: 500 });
    const { code, stderr } = await chainparse(['migrate', '--lang', 'zh']);
    expect(code).to.equal(0);
    expect(stderr).to.match(/migrate\.time_zone_assumed.*按 UTC \(\+00:00\) 解读/);
    await chainparse(['migrate', '--rollback', '--all']);
    expect((await chainparse(['migrate'])).stderr).to.match(/their times are taken for UTC \(\+00:00\)/);
    await chainparse(['migrate', '--rollback', '--all']);
    expect((await chainparse(['migrate'], { CHAINPARSE_DB_TIMEZONE: '+08:00' })).stderr).not.to.match(/assumed/);
    expect(await stored()).to.equal('+08:00');
  });

  it('--sql prints the time zone that migrate would store, and warns where it adopts tasks and nothing is set', async function () {
    this.timeout(90_000);
    const zones = async (zone?: string): Promise<readonly unknown[]> => {
      const env = zone === undefined ? {} : { CHAINPARSE_DB_TIMEZONE: zone };
      const { stdout, stderr } = await chainparse(['migrate', '--sql'], env);
      const [, insert] = /(insert .*into .chainparse_installation.*;)/i.exec(stdout) ?? [];
      return [/'([+-]\d\d:\d\d)'/.exec(insert ?? '')?.[1], stderr.includes('migrate.time_zone_assumed')];
    };
    expect(await zones(), 'nothing is there').to.deep.equal(['+00:00', false]);
    expect(await zones('+08:00'), 'nothing is there').to.deep.equal(['+08:00', false]);
    await makeOlderTables(database, { rows: 500 });
    expect(await zones(), 'older tables').to.deep.equal(['+00:00', true]);
    expect(await zones('+08:00'), 'older tables').to.deep.equal(['+08:00', false]);
    expect(await zones('UTC'), 'older tables').to.deep.equal(['+00:00', false]);
    await chainparse(['migrate', '--time-zone', '+05:00']);
    expect(await zones('+08:00'), 'it has its own').to.deep.equal([undefined, false]);
  });

  it('--rollback warns of a task that runs, and of none that has ended or fell silent', async function () {
    this.timeout(90_000);
    await (await openMigrated(url)).close();
    const { knex } = database;
    const task = { pipeline_id: 45, status: 0, log_path: '', create_time: '2024-01-15 10:00:00' };
    await knex('pipeline_task').insert({ ...task, last_heartbeat: '2024-01-15 10:00:00' });
    expect((await chainparse(['migrate', '--rollback'])).stderr).not.to.match(/migrate\.in_use/);
    await chainparse(['migrate']);
    await database.write([knex('pipeline_task').update({ last_heartbeat: database.dialect.now(knex) })]);
    const { code, stderr } = await chainparse(['migrate', '--rollback']);
    expect(code).to.equal(0);
    expect(stderr).to.contain('migrate.in_use').and.contain('task 1 runs: it, and what else');
    expect((await chainparse(['migrate', '--rollback'])).stderr, 'a step later').not.to.match(/migrate\.in_use/);
  });

  it('--time-zone makes the tables with it, or changes it, and says what that means', async () => {
    const first = await chainparse(['migrate', '--time-zone', '+08:00', '--json']);
    expect(JSON.parse(first.stdout)).to.include({ time_zone: '+08:00' });
    expect(await stored()).to.equal('+08:00');
    const back = await chainparse(['migrate', '--time-zone', 'UTC'], { CHAINPARSE_DB_TIMEZONE: '+08:00' });
    expect(back.stdout).to.equal(
      'the database holds its times in +00:00 now (before: +08:00): those that are stored stay as they are written, and are read in +00:00\n',
    );
    expect(back.stderr).to.match(/CHAINPARSE_DB_TIMEZONE \(database_timezone\) still says \+08:00/);
    expect((await chainparse(['migrate', '--time-zone', '+00:00'])).stdout).to.match(/in \+00:00 already/);
  });

  it('--time-zone of a first migrate holds from its first row on, also where a task of the older program beats', async () => {
    await makeOlderTables(database, { rows: 500 });
    const local = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
    await database.knex('pipeline_task').where({ id: 500 }).update({ create_time: local });
    const { code, stderr } = await chainparse(['migrate', '--time-zone', '+08:00']);
    expect(code, stderr).to.equal(0);
    expect(await stored()).to.equal('+08:00');
    const status = JSON.parse((await chainparse(['migrate', '--status', '--json'])).stdout) as {
      migrations: readonly { applied_at: string }[];
    };
    for (const { applied_at: at } of status.migrations) {
      expect(Date.parse(`${at}+08:00`)).to.be.closeTo(Date.now(), 60_000);
    }
  });

  it('--time-zone writes the time zone again where it was lost, as the hint of every command says', async () => {
    await chainparse(['migrate']);
    await database.knex('chainparse_installation').delete();
    const lost = await chainparse(['tasks', 'list']);
    expect(lost.code).to.equal(5);
    expect(lost.stderr).to.contain('hint: chainparse migrate --time-zone');
    expect((await chainparse(['migrate', '--time-zone', '+08:00'])).code).to.equal(0);
    expect(await stored()).to.equal('+08:00');
    expect((await chainparse(['tasks', 'list'])).code).to.equal(0);
  });

  it('--time-zone takes an offset alone, and goes with nothing else', async () => {
    for (const args of [
      ['--time-zone', 'Asia/Shanghai'],
      ['--time-zone', '+14:01'],
      ['--time-zone', '+08:00', '--rollback'],
      ['--time-zone', '+08:00', '--sql'],
    ]) {
      expect((await chainparse(['migrate', ...args])).code, args.join(' ')).to.equal(2);
    }
    expect(await database.knex.schema.hasTable('pipeline_task')).to.equal(false);
  });

  it('refuses a process that is set to another time zone than the database has', async () => {
    await chainparse(['migrate']);
    const set = { CHAINPARSE_DB_TIMEZONE: '+08:00' };
    for (const args of [['migrate'], ['migrate', '--rollback'], ['tasks', 'list'], ['pipeline', 'list']]) {
      const { code, stderr } = await chainparse(args, set);
      expect(code, args.join(' ')).to.equal(2);
      expect(stderr).to.match(/^error: the database holds its times in \+00:00, and this process is set to \+08:00$/m);
    }
    expect(await chainparse(['migrate', '--status'], set)).to.include({ code: 0 });
    const { stdout } = await chainparse(['config'], set);
    expect(stdout).to.match(/database_timezone +\+08:00 .*CHAINPARSE_DB_TIMEZONE; the database has \+00:00/);
  });
});
