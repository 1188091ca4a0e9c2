import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import { migrations } from '../../../migrations/index.js';
import type { Database } from '../../../src/database/database.js';
import { Migrator, requireMigrated } from '../../../src/database/schema/migrator.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { SchemaNewerError } from '../../../src/runtime/errors.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { Child } from '../../support/child.js';
import { eachDatabase } from '../../support/databases.js';
import { makeOlderTables, readSchema } from '../older-program.js';
import { rejectionOf } from '../../support/rejection.js';

const names = migrations.map(({ name }) => name);
const ignore = (): void => undefined;
const program = fileURLToPath(new URL('../../support/migrate-program.ts', import.meta.url));

eachDatabase('the migrator', (databases) => {
  let url: string;
  let database: Database;
  let migrator: Migrator;

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openDatabase(url, { create: true });
    await database.knex.raw('SELECT 1');
    migrator = new Migrator(database);
  });
  afterEach(() => database.close());

  /** Does something while it holds the lock of migrations. */
  const holdLock = (work: () => Promise<void>): Promise<void> =>
    database.withSchema((schema) =>
      database.driver.lock(
        {
          schema,
          dialect: database.dialect,
          clock: systemClock,
          write: (steps) => database.writeUrgently(steps),
          onWait: ignore,
        },
        work,
      ),
    );

  it('makes everything, tells what it does, and does nothing the second time', async () => {
    const lines: string[] = [];
    expect(await migrator.up((line) => lines.push(line))).to.deep.equal(names);
    expect(lines).to.include('  create table pipeline_task');
    const schema = await readSchema(database);
    expect(await migrator.up((line) => lines.push(`again: ${line}`))).to.deep.equal([]);
    expect(lines.filter((line) => line.startsWith('again'))).to.deep.equal([]);
    expect(await readSchema(database)).to.equal(schema);
    await requireMigrated(database);
  });

  it('knows what has been applied, and when', async () => {
    expect(await migrator.status()).to.deep.equal(names.map((name) => ({ name, appliedAt: null, isKnown: true })));
    await migrator.up(ignore);
    for (const { appliedAt } of await migrator.status()) {
      expect(Date.parse(`${String(appliedAt).replace(' ', 'T')}Z`)).to.be.closeTo(Date.now(), 30_000);
    }
  });

  it('prints all SQL and runs none of it; run by hand it gives the same tables', async () => {
    const changes = await migrator.sql();
    expect(await readSchema(database)).to.equal('');
    const other = await openDatabase(await databases.fresh(), { create: true });
    for (const { sql } of changes) await other.knex.raw(sql);
    await rejectionOf(requireMigrated(other));
    await new Migrator(other).up(ignore);
    await migrator.up(ignore);
    expect(await readSchema(other)).to.equal(await readSchema(database));
    expect(await migrator.sql()).to.deep.equal([]);
    await other.close();
  });

  it('goes back one step, or all the way, and forward again to the same', async () => {
    await migrator.up(ignore);
    const schema = await readSchema(database);
    expect(await migrator.down(ignore, false)).to.deep.equal([names.at(-1)]);
    expect(await rejectionOf(requireMigrated(database))).to.match(/1 migration is pending/);
    expect(await migrator.up(ignore)).to.deep.equal([names.at(-1)]);
    expect(await readSchema(database)).to.equal(schema);
    expect(await migrator.down(ignore, true)).to.deep.equal([...names].reverse());
    expect(await readSchema(database)).to.equal('');
    expect(await migrator.down(ignore, true)).to.deep.equal([]);
    await migrator.up(ignore);
    expect(await readSchema(database)).to.equal(schema);
  });

  it('keeps what somebody else made, and drops what it made, also where that is half gone', async () => {
    await database.knex.raw('CREATE TABLE theirs (id INTEGER PRIMARY KEY)');
    await migrator.up(ignore);
    await database.knex.raw('DROP TABLE recent_block');
    await database.knex.raw(
      ['sqlite', 'postgres'].includes(databases.dialect)
        ? 'DROP INDEX idx_pipeline_task_pipeline'
        : 'DROP INDEX idx_pipeline_task_pipeline ON pipeline_task',
    );
    await migrator.down(ignore, true);
    expect(await readSchema(database))
      .to.match(/^CREATE TABLE .?theirs/i)
      .and.not.contain('pipeline');
  });

  it('lists what a newer version has applied, and neither uses it nor takes it back', async () => {
    await migrator.up(ignore);
    const made = JSON.stringify([{ kind: 'table', table: 'pipeline_task' }]);
    await database.knex('chainparse_migration').insert({ name: '9999-newer', applied_at: '2030-01-01', made });
    const schema = await readSchema(database);
    const last = { name: '9999-newer', isKnown: false };
    expect((await migrator.status()).at(-1)).to.include(last);
    for (const use of [
      () => requireMigrated(database),
      () => migrator.up(ignore),
      () => migrator.sql(),
      () => migrator.down(ignore, false),
      () => migrator.down(ignore, true),
      () => migrator.changeTimezone(ignore, '+08:00', 30),
    ]) {
      const error = await rejectionOf(use());
      expect(error).to.be.instanceOf(SchemaNewerError).with.property('exitCode', 5);
      expect(error.message).to.match(/newer than this program: it has migrations .*\(9999-newer\)$/);
    }
    expect(await readSchema(database)).to.equal(schema);
    expect((await migrator.status()).at(-1)).to.include(last);
  });

  it('lets one of two processes work and the other wait', async function () {
    this.timeout(60_000);
    const both = [url, url].map(
      (at) => new Child(process.execPath, ['--import', import.meta.resolve('tsx'), program, at]),
    );
    const ends = await Promise.all(both.map((child) => child.exit(40_000)));
    expect(ends.map(({ code, stderr }) => `${String(code)} ${stderr}`)).to.deep.equal(['0 ', '0 ']);
    const applied = ends.map(({ stdout }) => /applied: (\d+)/.exec(stdout)?.[1]).sort();
    expect(applied).to.deep.equal(['0', String(names.length)]);
  });

  it('says that it waits for another', async function () {
    this.timeout(30_000);
    const lines: string[] = [];
    const waited = new Promise<void>((resolve) => {
      const report = (line: string): void => {
        lines.push(line);
        if (line.startsWith('waiting')) resolve();
      };
      void holdLock(async () => {
        const other = await openDatabase(url);
        const done = new Migrator(other).up(report).then(() => other.close());
        await waited;
        lines.push('free');
        // Not awaited here: it goes on only when this lock is gone.
        void done.then(() => lines.push('done'));
      });
    });
    await waited;
    while (!lines.includes('done')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(lines.slice(0, 3)).to.deep.equal(['waiting for another migrate to finish', 'free', `applying ${names[0]}`]);
    expect(lines.filter((line) => line.startsWith('waiting'))).to.have.length(1);
  });

  for (const older of [false, true]) {
    it(`completes what a crash cut short, at whatever step${older ? ', on older tables' : ''}`, async function () {
      this.timeout(300_000);
      const whole = await schemaAfter(older, Infinity);
      // On MySQL, where a change of a table takes several times as long, some of the steps must do.
      const every = databases.dialect === 'mysql' ? 3 : 1;
      const trials = Array.from({ length: Math.ceil(whole.steps / every) }, (_trial, i) => i * every);
      // Several at a time: they mostly wait for the disk.
      while (trials.length > 0) {
        const together = trials.splice(0, 4);
        const found = await Promise.all(together.map((steps) => schemaAfter(older, steps)));
        for (const [index, { schema }] of found.entries()) {
          expect(schema, `after a crash behind step ${together[index]}`).to.equal(whole.schema);
        }
      }
    });
  }

  /** Migrates a fresh database, crashes behind a number of steps, migrates again and takes everything back. */
  async function schemaAfter(older: boolean, steps: number): Promise<{ schema: string; steps: number }> {
    const fresh = await openDatabase(await databases.fresh(), { create: true });
    await fresh.knex.raw('SELECT 1');
    if (older) await makeOlderTables(fresh, { rows: 500 });
    const before = await readSchema(fresh);
    let done = 0;
    const crash = (line: string): void => {
      if (line.startsWith('  ') && done++ === steps) throw new Error('crash');
    };
    const work = new Migrator(fresh).up(crash);
    if (steps === Infinity) await work;
    else expect((await rejectionOf(work)).message).to.equal('crash');
    await new Migrator(fresh).up(ignore);
    const schema = await readSchema(fresh);
    await new Migrator(fresh).down(ignore, true);
    if (!older || databases.dialect === 'sqlite') expect(await readSchema(fresh)).to.equal(before);
    await fresh.close();
    return { schema, steps: done };
  }
});
