import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { TimeoutStore } from '../../../src/database/tasks/timeout-store.js';
import { addSeconds } from '../../../src/model/instant.js';
import type { Task } from '../../../src/model/task.js';
import { failSilentTasks } from '../../../src/tasks/monitor/timeout-check.js';
import type { Trust } from '../../../src/tasks/monitor/timeout-check.js';
import { insertSilentTask } from '../../database/insert-silent-task.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { beginElsewhere } from '../../support/other-session.js';
import { MemoryLogger } from '../../support/memory-logger.js';

const rule = { timeoutSeconds: 60, heartbeatIntervalSeconds: 10 };

eachDatabase('a timeout check', (databases) => {
  let database: Database;
  let store: TimeoutStore;
  let failed: Task[];
  let logger: MemoryLogger;

  before(async () => {
    database = await openMigrated(await databases.fresh());
  });
  after(() => database.close());
  beforeEach(async () => {
    await database.write([database.knex('pipeline_task').delete()]);
    store = new TimeoutStore(database);
    failed = [];
    logger = new MemoryLogger();
  });

  const probe = async (): Promise<Trust> => ({ now: (await store.probe()).now, heardForSeconds: null });
  const check = (trust: () => Promise<Trust | null> = probe): Promise<boolean> => {
    const observe = (): void => undefined;
    return failSilentTasks({ store, logger, lang: 'en', observe, rule, reason: 'a test', trust, failed });
  };
  const insertMany = async (count: number): Promise<void> => {
    const row = { pipeline_id: 45, create_time: '2020-01-01 00:00:00', status: 0, log_path: '' };
    await database.write(Array.from({ length: count }, () => database.knex('pipeline_task').insert(row)));
  };
  const told = (): number => logger.messages().filter((line) => line.startsWith('task timed out')).length;

  it('fails more tasks than one statement judges, and tells of each once', async () => {
    await insertMany(450);
    expect(await check()).to.equal(true);
    expect(new Set(failed.map(({ id }) => id)).size).to.equal(450);
    expect(told()).to.equal(450);
    expect(await store.countRunning()).to.equal(0);
  });

  it('reads the clock anew for each statement, and stops where it may not judge any more', async () => {
    await insertMany(450);
    let reads = 0;
    expect(await check(async () => (reads++ === 0 ? await probe() : null))).to.equal(false);
    expect(failed).to.have.length(200);
    expect(await store.countRunning()).to.equal(250);
    expect(await check()).to.equal(true);
    expect(told()).to.equal(450);
  });

  it('changes nothing by a clock that was read too long ago', async () => {
    await insertMany(3);
    await check(async () => ({ now: addSeconds((await store.probe()).now, -8), heardForSeconds: null }));
    expect(failed).to.deep.equal([]);
    expect(await store.countRunning()).to.equal(3);
  });

  it('counts the silence of a task from now on whose heartbeat lies in the future, and says so', async () => {
    const id = await insertSilentTask(database, -3_600, { heartbeat_interval: 10 });
    await check();
    expect(failed).to.deep.equal([]);
    expect(logger.messages()).to.deep.equal([
      `the last heartbeat of task ${id} lies in the future: its silence counts from now on`,
    ]);
    await check();
    expect(logger.messages()).to.have.length(1);
  });

  it('tells of the tasks that an earlier check has failed without knowing it', async () => {
    const id = await insertSilentTask(database, 100);
    const fail = store.fail.bind(store);
    store.fail = async (...args): Promise<readonly Task[]> => {
      const read = database.read.bind(database);
      database.read = () => Promise.reject(new Error('the server is gone'));
      return await fail(...args).finally(() => (database.read = read));
    };
    expect(await check().catch(() => 'gone')).to.equal('gone');
    expect(await check()).to.equal(true);
    expect(failed.map((task) => task.id)).to.deep.equal([id]);
    expect(told()).to.equal(1);
  });

  // SQLite locks no rows.
  if (databases.dialect === 'sqlite') return;

  it('looks again at a row that was locked for a moment', async () => {
    const id = await insertSilentTask(database, 100);
    const unlocked = store.unlocked.bind(store);
    let looks = 0;
    store.unlocked = (ids) => (looks++ === 0 ? Promise.resolve([]) : unlocked(ids));
    await check();
    expect(failed.map((task) => task.id)).to.deep.equal([id]);
    expect(logger.messages().filter((line) => line.includes('locked'))).to.deep.equal([]);
  });

  it('passes over a row that somebody has locked, says so, and fails the others', async () => {
    const [locked, free] = [await insertSilentTask(database, 100), await insertSilentTask(database, 100)];
    const somebody = await beginElsewhere(
      databases.url(),
      `SELECT * FROM pipeline_task WHERE id = ${locked} FOR UPDATE`,
    );
    await check();
    expect(failed.map(({ id }) => id)).to.deep.equal([free]);
    expect(logger.messages()).to.include(
      `task ${locked} is silent, but its row is locked by somebody: judged at the next check`,
    );
    await somebody.end();
    await check();
    expect(failed.map(({ id }) => id)).to.deep.equal([free, locked]);
  });
});
