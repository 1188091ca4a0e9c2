import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { TimeoutStore } from '../../../src/database/tasks/timeout-store.js';
import type { TimeoutVerdict } from '../../../src/database/tasks/timeout-store.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { eventually } from '../../support/within.js';
import { ageTask } from '../aged-task.js';
import { insertSilentTask } from '../insert-silent-task.js';
import type { SilentTaskRow } from '../insert-silent-task.js';
import { beginElsewhere } from '../../support/other-session.js';
import { rejectionOf } from '../../support/rejection.js';

const rule = { timeoutSeconds: 60, heartbeatIntervalSeconds: 10 };

/** How many rows a server has handed out on the one connection that a database has. */
async function rowsRead({ knex }: Database): Promise<number> {
  const [rows] = (await knex.raw("SHOW SESSION STATUS LIKE 'Handler_read%'")) as [{ Value: string }[]];
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}

eachDatabase('the timeout store', (databases) => {
  let database: Database;
  let store: TimeoutStore;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    store = new TimeoutStore(database);
  });
  after(() => database.close());
  beforeEach(async () => {
    await database.write([database.knex('pipeline_task').delete()]);
  });

  const insert = (silentSeconds: number, row: SilentTaskRow = {}, hasBeaten = true): Promise<number> =>
    insertSilentTask(database, silentSeconds, row, hasBeaten);

  async function verdict(by: Partial<TimeoutVerdict> = {}): Promise<TimeoutVerdict> {
    const { now } = await store.probe();
    const deadline = `${String(Number(now.slice(0, 4)) + 1)}${now.slice(4)}`;
    return { rule, reason: 'judged by a test', deadline, heardForSeconds: null, ...by };
  }

  /** Runs `work` again until it fits into one second of the database's clock. */
  async function withinOneSecond<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      const { now } = await store.probe();
      const result = await work();
      if ((await store.probe()).now === now) return result;
    }
  }

  const silentIds = async (): Promise<number[]> => (await store.listSilent(rule, 0, 100)).map(({ id }) => id);

  it('tells the clock of the database, and how long its server is up', async () => {
    const { now, uptimeSeconds } = await store.probe();
    expect(now).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    if (database.dialect.name === 'sqlite') expect(uptimeSeconds).to.equal(null);
    else expect(uptimeSeconds).to.be.at.least(0);
  });

  for (const hasBeaten of [true, false]) {
    it(`calls nobody silent before the timeout is surely over, ${hasBeaten ? 'beaten' : 'never beaten'}`, async () => {
      const id = await insert(0, {}, hasBeaten);
      const isSilentAt = (age: number): Promise<boolean> =>
        withinOneSecond(async () => {
          await ageTask(database, id, { created: hasBeaten ? 1_000 : age, heartbeat: hasBeaten ? age : null });
          return (await silentIds()).includes(id);
        });
      // Between two whole seconds lie up to one second more or less than their difference.
      expect(await isSilentAt(rule.timeoutSeconds)).to.equal(false);
      expect(await isSilentAt(rule.timeoutSeconds + 1)).to.equal(true);
    });
  }

  it('calls nobody silent before its own timeout is surely over, and fails nobody either', async () => {
    const id = await insert(0, { timeout_minutes: 2 });
    const judgedAt = (age: number): Promise<[boolean, number]> =>
      withinOneSecond(async () => {
        await database.write([database.knex('pipeline_task').where({ id }).update({ status: 0 })]);
        await ageTask(database, id, { created: 1_000, heartbeat: age });
        return [(await silentIds()).includes(id), (await store.fail([id], await verdict())).length];
      });
    expect(await judgedAt(120)).to.deep.equal([false, 0]);
    expect(await judgedAt(121)).to.deep.equal([true, 1]);
  });

  it('judges a task that never beat by its creation', async () => {
    await insert(50, {}, false);
    const late = await insert(62, {}, false);
    expect(await silentIds()).to.deep.equal([late]);
  });

  it("lets a task's own timeout beat the rule, shorter or longer", async () => {
    const short = await insert(45, { timeout_minutes: 0.7, heartbeat_interval: 5 });
    await insert(600, { timeout_minutes: 60 });
    expect(await silentIds()).to.deep.equal([short]);
  });

  it('judges a fraction of a minute by its seconds', async () => {
    // 1.1 times 60 is a little more than 66 for a computer.
    const late = await insert(67, { timeout_minutes: 1.1 });
    expect(await silentIds()).to.deep.equal([late]);
  });

  it('fails no task under three of its heartbeat intervals', async () => {
    const own = await insert(0, { heartbeat_interval: 60, timeout_minutes: 0.1 });
    const unsaid = await insert(0, { timeout_minutes: 0.1 });
    const silentAt = (ages: readonly [number, number]): Promise<number[]> =>
      withinOneSecond(async () => {
        await ageTask(database, own, { created: 1_000, heartbeat: ages[0] });
        await ageTask(database, unsaid, { created: 1_000, heartbeat: ages[1] });
        return await silentIds();
      });
    expect(await silentAt([180, 30])).to.deep.equal([]);
    expect(await silentAt([181, 31])).to.deep.equal([own, unsaid]);
  });

  it('leaves tasks alone that have ended or wait', async () => {
    for (const status of [1, 2, 3]) await insert(1_000, { status });
    expect(await silentIds()).to.deep.equal([]);
  });

  it('fails the silent with one reason, and returns them as they are then', async () => {
    const id = await insert(100);
    const failed = await store.fail([id], await verdict());
    expect(failed).to.have.length(1);
    expect(failed[0]).to.include({ id, status: 2, endReason: 'timeout', error: 'judged by a test' });
    expect(failed[0]?.endTime).to.match(/^\d{4}-/);
  });

  it('spares a task that beat after it was listed', async () => {
    const id = await insert(100);
    expect(await silentIds()).to.deep.equal([id]);
    await ageTask(database, id, { created: 200, heartbeat: 0 });
    expect(await store.fail([id], await verdict())).to.deep.equal([]);
  });

  it('changes nothing once its deadline has passed', async () => {
    const id = await insert(100);
    expect(await store.fail([id], await verdict({ deadline: '2020-01-01 00:00:00' }))).to.deep.equal([]);
    expect(await silentIds()).to.deep.equal([id]);
  });

  it('spares a task that runs could not yet be heard for three of its own heartbeats', async () => {
    const id = await insert(1_000, { heartbeat_interval: 60 });
    const unsaid = await insert(1_000);
    const both = [id, unsaid];
    expect(await store.fail([id], await verdict({ heardForSeconds: 179 }))).to.deep.equal([]);
    const failed = await store.fail(both, await verdict({ heardForSeconds: 179 }));
    expect(failed.map((task) => task.id)).to.deep.equal([unsaid]);
    expect(await store.fail([id], await verdict({ heardForSeconds: 180 }))).to.have.length(1);
  });

  it('returns each task to one of several judges', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => insert(100)));
    const other = new TimeoutStore(database);
    const [ours, theirs] = await Promise.all([
      store.fail(ids.slice(0, 20), await verdict({ reason: 'one' })),
      other.fail(ids.slice(10), await verdict({ reason: 'other' })),
    ]);
    const all = [...ours, ...theirs].map(({ id }) => id).sort((a, b) => a - b);
    expect(all).to.deep.equal([...ids].sort((a, b) => a - b));
  });

  it('looks up once whom it has failed where the answer was lost', async () => {
    const id = await insert(100);
    const untold = await insert(100);
    const deaf: Database = {
      ...database,
      dialect: database.dialect,
      knex: database.knex,
      read: (build) => database.read(build),
      write: async (steps) => {
        await database.write(steps);
        throw new DatabaseUnreachableError('the answer is lost');
      },
      writeUrgently: (steps) => database.writeUrgently(steps),
      writeAside: (build) => database.writeAside(build),
      fenced: (query) => database.fenced(query),
    };
    const judge = new TimeoutStore(deaf);
    await rejectionOf(judge.fail([id], await verdict({ reason: 'lost' })), DatabaseUnreachableError);
    expect((await judge.takeLost()).map((task) => task.id)).to.deep.equal([id]);
    expect(await judge.takeLost()).to.deep.equal([]);
    expect(await silentIds()).to.deep.equal([untold]);
  });

  it('takes heartbeats back to now that lie in the future, of running tasks that are ours', async () => {
    const [ahead, beating] = [
      await insert(-3_600, { heartbeat_interval: 10 }),
      await insert(0, { heartbeat_interval: 10 }),
    ];
    // An older program may write in another time zone; whoever has ended is judged no more.
    await insert(-3_600);
    await insert(-3_600, { heartbeat_interval: 10, status: 1 });
    expect(await store.takeBackAhead()).to.deep.equal([ahead]);
    expect(await store.takeBackAhead()).to.deep.equal([]);
    const { tasks } = await new TaskStore(database).list({ limit: 10, offset: 0 });
    const ageOf = (wanted: number): number => tasks.find(({ id }) => id === wanted)?.heartbeatAgeSeconds ?? NaN;
    expect(ageOf(ahead)).to.be.within(0, 5);
    expect(ageOf(beating)).to.be.within(0, 5);
    expect(tasks.filter(({ silentSeconds }) => silentSeconds < -3_000)).to.have.length(2);
  });

  it('takes a creation back to now that lies in the future, where there was no heartbeat yet', async () => {
    const id = await insert(-3_600, { heartbeat_interval: 10 }, false);
    await insert(-3_600, {}, false);
    expect(await store.takeBackAhead()).to.deep.equal([id]);
    expect(await store.takeBackAhead()).to.deep.equal([]);
    const task = await new TaskStore(database).get(id);
    expect(task.lastHeartbeat).to.equal(null);
    expect(task.silentSeconds).to.be.within(0, 5);
  });

  // SQLite locks no rows.
  if (databases.dialect === 'sqlite') return;

  it('changes nothing where its deadline passed while it waited for a lock', async () => {
    const id = await insert(100);
    const somebody = await beginElsewhere(databases.url(), `SELECT * FROM pipeline_task WHERE id = ${id} FOR UPDATE`);
    const { now } = await store.probe();
    const judged = store.fail([id], await verdict({ deadline: now }));
    await eventually('the second is over', async () => (await store.probe()).now > now);
    await somebody.end();
    expect(await judged).to.deep.equal([]);
  });

  it('finds the silent by an index, without a look at the many that beat', async () => {
    const beating = { pipeline_id: 45, create_time: '2020-01-01 00:00:00', status: 0, log_path: '' };
    const row = { ...beating, last_heartbeat: database.dialect.now(database.knex) };
    await database.write(Array.from({ length: 2_000 }, () => database.knex('pipeline_task').insert(row)));
    const silent = [await insert(100), await insert(200, {}, false), await insert(70, { timeout_minutes: 0.9 })];
    if (databases.dialect === 'postgres') {
      await database.knex.raw('ANALYZE pipeline_task');
      expect((await store.listSilent(rule, 0, 100)).map(({ id }) => id)).to.deep.equal(silent);
      expect(await store.explainSilent(rule, 100)).to.include({ index: 'idx_pipeline_task_heartbeat' });
      return;
    }
    await database.knex.raw('ANALYZE TABLE pipeline_task');
    const one = await openDatabase(databases.url(), { poolSize: 1 });
    const before = await rowsRead(one);
    const found = await new TimeoutStore(one).listSilent(rule, 0, 100);
    expect(found.map(({ id }) => id)).to.deep.equal(silent);
    expect((await rowsRead(one)) - before).to.be.within(3, 200);
    await one.close();
  });

  it('names the rows that nobody has locked', async () => {
    const [locked, free] = [await insert(100), await insert(100)];
    const somebody = await beginElsewhere(
      databases.url(),
      `SELECT * FROM pipeline_task WHERE id = ${locked} FOR UPDATE`,
    );
    expect(await store.unlocked([locked, free])).to.deep.equal([free]);
    await somebody.end();
    expect(await store.unlocked([locked, free])).to.have.members([locked, free]);
  });
});
