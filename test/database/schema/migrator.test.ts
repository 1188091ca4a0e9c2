import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import { migrations } from '../../../migrations/index.js';
import type { Database } from '../../../src/database/database.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
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
    this.timeout(120_000);
    // A server writes each change of a schema to the disk, hundreds in one test.
    this.currentTest?.timeout(180_000);
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

  it('trusts a definition that the API stored no more after going back and forward: it does not go back', async () => {
    await migrator.up(ignore);
    const { knex } = database;
    await database.write([knex('pipeline').insert({ id: 7, name: 'sent', disabled: 0, origin: 'api' })]);
    const refusal = await rejectionOf(migrator.down(ignore, true));
    expect(refusal.message).to.match(/an older version would trust the definition of pipeline 7, stored by the API/);
    await migrator.up(ignore);
    expect((await new PipelineStore(database).get(7)).origin).to.equal('api');
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

  it("refuses tables of somebody else's that bear the names of its own, and changes nothing", async () => {
    const refusal = async (use: () => Promise<unknown>): Promise<Error> => {
      const before = await readSchema(database);
      const error = await rejectionOf(use());
      expect(error).to.include({ name: 'ConflictError', exitCode: 1 });
      expect(await readSchema(database)).to.equal(before);
      return error;
    };
    await database.knex.raw('CREATE TABLE event (id INTEGER PRIMARY KEY, chain_id INTEGER)');
    for (const use of [() => migrator.up(ignore), () => migrator.sql()]) {
      expect((await refusal(use)).message).to.match(
        /has a table of somebody else's .*: event \(it lacks pipeline_id, block_number, log_index and \d+ more columns\); nothing was changed$/,
      );
    }
    await database.knex.raw('CREATE TABLE alert (id INTEGER PRIMARY KEY, rule VARCHAR(64))');
    await database.knex.raw('CREATE TABLE pipeline (id INTEGER PRIMARY KEY)');
    expect((await refusal(() => migrator.up(ignore))).message).to.match(
      /has tables of .*: pipeline \(it lacks name\), event \(.*\), alert \(it lacks subject, /,
    );
    for (const table of ['event', 'alert', 'pipeline']) await database.knex.raw('DROP TABLE ??', [table]);
    await migrator.up(ignore);
    await requireMigrated(database);
  });

  it('goes on with every table that it made itself, however far an earlier migrate came', async () => {
    const changes = await migrator.sql();
    for (const { sql } of changes) {
      await migrator.sql();
      await database.knex.raw(sql);
    }
    await migrator.up(ignore);
    await requireMigrated(database);
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
    this.timeout(120_000);
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
      this.timeout(240_000);
      const begun = await begin(older);
      if (['mysql', 'mariadb'].includes(databases.dialect)) await crashInEach(older);
      else await crashInAll(begun);
      await migrator.down(ignore, true);
      if (!older || databases.dialect === 'sqlite') expect(await readSchema(database)).to.equal(begun);
    });
  }

  /** Returns the schema that migrations begin with. */
  async function begin(older: boolean): Promise<string> {
    if (older) await makeOlderTables(database, { rows: 500 });
    return readSchema(database);
  }

  /** Where all is one transaction a crash leaves nothing of it: whatever follows begins where it would have without one. */
  async function crashInAll(begun: string): Promise<void> {
    let step = 0;
    while ((await applyUntil(undefined, step)).isCut) {
      expect(await readSchema(database), `after a crash behind step ${step++}`).to.equal(begun);
    }
    expect(step).to.be.above(names.length);
    await requireMigrated(database);
  }

  /** Where each step is there for good, each migration is cut short behind each of its steps and taken back again. */
  async function crashInEach(older: boolean): Promise<void> {
    for (const [index, name] of names.entries()) {
      const next = names[index + 1];
      const before = await readSchema(database);
      const { steps } = await applyUntil(next);
      const whole = await readSchema(database);
      for (let step = 0; step < steps; step++) {
        await migrator.down(ignore, false);
        // What it widened in older tables stays wide: a crash is to be seen on narrow ones.
        if (older && (await readSchema(database)) !== before) await beginAnew(name);
        expect(await readSchema(database)).to.equal(before);
        expect(await applyUntil(next, step)).to.deep.equal({ steps: step, isCut: true });
        await applyUntil(next);
        expect(await readSchema(database), `${name}, after a crash behind step ${step}`).to.equal(whole);
      }
    }
  }

  /** Goes on in another database, whose older tables have had all migrations before one of them. */
  async function beginAnew(migration: string): Promise<void> {
    await database.close();
    database = await openDatabase(await databases.fresh(), { create: true });
    migrator = new Migrator(database);
    await begin(true);
    await applyUntil(migration);
  }

  /** Migrates, and crashes before a migration or behind so many steps; returns how many it has done. */
  async function applyUntil(
    migration: string | undefined,
    most = Infinity,
  ): Promise<{ readonly steps: number; readonly isCut: boolean }> {
    const crash = new Error('crash');
    let steps = 0;
    const report = (line: string): void => {
      if (line === `applying ${migration}` || (line.startsWith('  ') && steps === most)) throw crash;
      if (line.startsWith('  ')) steps++;
    };
    const error = await migrator.up(report).catch((reason: unknown) => reason);
    if (error instanceof Error) expect(error).to.equal(crash);
    return { steps, isCut: error === crash };
  }
});
