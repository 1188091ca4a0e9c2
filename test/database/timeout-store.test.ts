import { expect } from 'chai';
import { createConnection } from 'mysql2/promise';
import type { Database } from '../../src/database/database.js';
import { TimeoutStore } from '../../src/database/timeout-store.js';
import type { Verdict } from '../../src/database/timeout-store.js';
import { silentLogger } from '../../src/runtime/logger.js';
import { failSilentTasks } from '../../src/tasks/timeout-check.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { ageTask } from './aged-task.js';

const rule = { timeoutSeconds: 60, heartbeatIntervalSeconds: 10 };

interface TaskRow {
  readonly status?: number;
  readonly timeout_minutes?: number;
  readonly heartbeat_interval?: number;
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

  /** Inserts a task whose last beat (null: its creation) was so many seconds ago. */
  async function insert(silentSeconds: number, row: TaskRow = {}, hasBeaten = true): Promise<number> {
    const now = database.dialect.now(database.knex);
    const task = { pipeline_id: 45, create_time: now, status: 0, log_path: '', ...row };
    const [result] = await database.write([database.knex('pipeline_task').insert(task)]);
    const id = result?.insertId ?? 0;
    const created = hasBeaten ? silentSeconds + 1_000 : silentSeconds;
    await ageTask(database, id, { created, heartbeat: hasBeaten ? silentSeconds : null });
    return id;
  }

  async function verdict(by: Partial<Verdict> = {}): Promise<Verdict> {
    const { now } = await store.probe();
    const deadline = `${String(Number(now.slice(0, 4)) + 1)}${now.slice(4)}`;
    return { rule, reason: 'judged by a test', deadline, ...by };
  }

  const silentIds = async (): Promise<number[]> => (await store.listSilent(rule, 0, 100)).map(({ id }) => id);

  it('tells the clock of the database, and how long its server is up', async () => {
    const { now, uptimeSeconds } = await store.probe();
    expect(now).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    if (database.dialect.name === 'sqlite') expect(uptimeSeconds).to.equal(null);
    else expect(uptimeSeconds).to.be.at.least(0);
  });

  it('calls nobody silent whose age, in whole seconds, may still be within the timeout', async () => {
    await insert(59);
    const late = await insert(62);
    expect(await silentIds()).to.deep.equal([late]);
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

  it('fails no task under three of its heartbeat intervals', async () => {
    await insert(120, { heartbeat_interval: 60 });
    await insert(25, { timeout_minutes: 0.1 });
    const late = await insert(35, { timeout_minutes: 0.1 });
    expect(await silentIds()).to.deep.equal([late]);
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

  it('fails more tasks than one statement judges', async () => {
    const row = { pipeline_id: 45, create_time: '2020-01-01 00:00:00', status: 0, log_path: '' };
    await database.write(Array.from({ length: 450 }, () => database.knex('pipeline_task').insert(row)));
    const { now } = await store.probe();
    const check = { store, logger: silentLogger, lang: 'en' as const, rule, reason: 'a test', now };
    expect(await failSilentTasks(check)).to.have.length(450);
    expect(await store.countRunning()).to.equal(0);
  });

  // SQLite locks no rows.
  if (databases.dialect === 'sqlite') return;

  it('passes over a row that somebody has locked, and fails the others', async () => {
    const [locked, free] = [await insert(100), await insert(100)];
    const somebody = await createConnection(databases.url());
    await somebody.query('START TRANSACTION');
    await somebody.query('SELECT * FROM pipeline_task WHERE id = ? FOR UPDATE', [locked]);
    const lines: string[] = [];
    const logger = { log: (_level: string, message: string): void => void lines.push(message) };
    const { now } = await store.probe();
    const failed = await failSilentTasks({ store, logger, lang: 'en', rule, reason: 'a test', now });
    expect(failed.map(({ id }) => id)).to.deep.equal([free]);
    expect(lines.filter((line) => /locked/.test(line))).to.have.length(1);
    await somebody.end();
  });
});
