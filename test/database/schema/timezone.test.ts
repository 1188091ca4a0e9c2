import { expect } from 'chai';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { MonitorStore } from '../../../src/database/operations/monitor-store.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { Migrator, requireMigrated } from '../../../src/database/schema/migrator.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { ConflictError, DatabaseUnusableError, NotMigratedError, UsageError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { claimRequest } from '../claim-request.js';
import { makeOlderTables } from '../older-program.js';
import { rejectionOf } from '../../support/rejection.js';

const ignore = (): void => undefined;
eachDatabase("a database's time zone", (databases) => {
  let url: string;
  const opened: Database[] = [];

  const open = async (timezone?: string, create = false): Promise<Database> => {
    const database = await openDatabase(url, { timezone, create });
    opened.push(database);
    return database;
  };
  const migrated = async (timezone?: string): Promise<Database> => {
    const database = await open(timezone, true);
    await new Migrator(database).up(ignore);
    return database;
  };
  const stored = async (database: Database): Promise<unknown> =>
    (await database.knex('chainparse_installation').select('time_zone', 'installation_id'))[0] as unknown;

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
  });
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
  });

  it('is what is set at the first migrate, and then known to whoever sets nothing', async () => {
    const first = await migrated('+08:00');
    expect(await stored(first)).to.have.property('time_zone', '+08:00');
    const other = await open();
    await requireMigrated(other);
    expect(other.timezone.value).to.equal('+08:00');
  });

  it('is +00:00 where nothing is set, and each installation has an id of its own', async () => {
    const one = (await stored(await migrated())) as Record<string, string>;
    url = await databases.fresh();
    const other = (await stored(await migrated())) as Record<string, string>;
    expect([one['time_zone'], other['time_zone']]).to.deep.equal(['+00:00', '+00:00']);
    expect(one['installation_id'])
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(other['installation_id']);
  });

  it('of a database of an earlier version is what is set when the migration runs', async () => {
    const earlier = await migrated();
    const migrator = new Migrator(earlier);
    for (let last = ''; last !== '0010-installation';) [last = ''] = await migrator.down(ignore, false);
    expect(await stored(await migrated('-03:30'))).to.have.property('time_zone', '-03:30');
  });

  it('refuses a process that is set to another, before it reads or writes anything', async () => {
    const first = await migrated('+00:00');
    const tasks = new TaskStore(first);
    await new CheckpointStore(first).get(45);
    const id = await tasks.claim(claimRequest({ pipelineId: 45 }));
    const wrong = await open('+08:00');
    for (const use of [
      () => requireMigrated(wrong),
      () => new TaskStore(wrong).get(id),
      () => new Migrator(wrong).up(ignore),
    ]) {
      const error = await rejectionOf(use(), UsageError);
      expect(error.exitCode).to.equal(2);
      expect(error.message).to.equal('the database holds its times in +00:00, and this process is set to +08:00');
      expect(error.hint).to.match(/migrate --time-zone \+08:00/);
    }
    await requireMigrated(await open('+00:00'));
  });

  it('changes while nothing runs; no stored time is written anew', async () => {
    const first = await migrated();
    await first.knex('pipeline_task').insert({ pipeline_id: 1, status: 1, create_time: '2024-01-01 12:00:00' });
    expect(await new Migrator(first).changeTimezone(ignore, '+08:00', 30)).to.equal('+00:00');
    const after = await open();
    await requireMigrated(after);
    expect(after.timezone.value).to.equal('+08:00');
    const [row] = await after.knex<{ create_time: string }>('pipeline_task').select('create_time');
    expect(row?.create_time).to.equal('2024-01-01 12:00:00');
    expect(await new Migrator(after).changeTimezone(ignore, '+08:00', 30)).to.equal('+08:00');
  });

  it('is not changed under a task that beats, nor under a monitor that is alive', async () => {
    const first = await migrated();
    const migrator = new Migrator(first);
    const tasks = new TaskStore(first);
    await new CheckpointStore(first).get(45);
    const id = await tasks.claim(claimRequest({ pipelineId: 45 }));
    const refused = async (why: RegExp): Promise<ConflictError> => {
      const error = await rejectionOf(migrator.changeTimezone(ignore, '+08:00', 30), ConflictError);
      expect(error.message).to.match(why);
      expect(await stored(first)).to.have.property('time_zone', '+00:00');
      return error;
    };
    await refused(new RegExp(`task ${id} runs`));
    await tasks.finish(id, { status: 1, endReason: 'completed', error: null }, null);
    const monitors = new MonitorStore(first);
    const monitor = await monitors.register('m (abc)', 300);
    const { hint } = await refused(/the monitor m \(abc\) is alive/);
    expect(hint).to.match(
      /one that has looked with --once counts for two check intervals, this one for (59\d|60[01]) s more$/,
    );
    await monitors.end(monitor);
    await migrator.changeTimezone(ignore, '+08:00', 30);
  });

  it('is changed under tasks that have been silent for long, and under those that beat in the zone meant', async () => {
    const first = await migrated();
    const inChina = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
    const row = { pipeline_id: 1, status: 0, log_path: '' };
    await first.knex('pipeline_task').insert({ ...row, create_time: '2024-01-01 12:00:00' });
    await first.knex('pipeline_task').insert({ ...row, create_time: inChina, last_heartbeat: inChina });
    await new Migrator(first).changeTimezone(ignore, '+08:00', 30);
    const after = await open();
    await requireMigrated(after);
    expect((await new TaskStore(after).get(2)).silentSeconds).to.be.within(0, 10);
  });

  it('that changes under a process ends its next start of something', async () => {
    const first = await migrated();
    const worker = await open();
    await requireMigrated(worker);
    await new Migrator(first).changeTimezone(ignore, '+08:00', 30);
    const error = await rejectionOf(requireMigrated(worker));
    expect(error).to.be.instanceOf(DatabaseUnusableError).with.property('exitCode', 5);
    expect(error.message).to.match(/was changed from \+00:00 to \+08:00/);
  });

  it('that was lost is asked for, and written again', async () => {
    const first = await migrated();
    await first.knex('chainparse_installation').delete();
    await rejectionOf(requireMigrated(first), NotMigratedError);
    await new Migrator(first).changeTimezone(ignore, '+00:00', 30);
    await requireMigrated(first);
  });

  it("is asked for where an older program's tasks are adopted and nothing is set", async function () {
    this.timeout(30_000);
    const assumed = await open(undefined, true);
    expect(await new Migrator(assumed).adoptsTasks()).to.equal(false);
    await makeOlderTables(assumed, { rows: 500 });
    expect(await new Migrator(assumed).adoptsTasks()).to.equal(true);
    expect(await new Migrator(await open('+08:00')).adoptsTasks()).to.equal(false);
    await new Migrator(assumed).up(ignore);
    expect(await new Migrator(await open()).adoptsTasks()).to.equal(false);
  });
});
