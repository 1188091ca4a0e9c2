import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { livingTasks } from '../../../src/database/task-steps/living-tasks.js';
import { isSilentSql, isSilentOver } from '../../../src/database/task-steps/silence.js';
import { selectTasks } from '../../../src/database/tasks/task-rows.js';
import { isSilentFor, isSurelyOver } from '../../../src/runtime/silence.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { seededRandom } from '../../support/seeded-random.js';
import { insertSilentTask } from '../insert-silent-task.js';

eachDatabase('the silence of tasks', (databases) => {
  let database: Database;

  before(async () => {
    database = await openMigrated(await databases.fresh());
  });
  after(() => database.close());
  beforeEach(() => database.write([database.knex('pipeline_task').delete()]));

  /** Judges all tasks in SQL and, by the age that the same statement reads, in TypeScript. */
  async function compare(defaultIntervalSeconds: number, limitSeconds: number): Promise<void> {
    const { knex } = database;
    const rows = await database.read<{ id: number; silent: number; beyond: number }[]>(() =>
      knex('pipeline_task').select(
        'id',
        knex.raw('(CASE WHEN ? THEN 1 ELSE 0 END) AS silent', [isSilentSql(database, defaultIntervalSeconds)]),
        knex.raw('(CASE WHEN ? THEN 1 ELSE 0 END) AS beyond', [isSilentOver(database, limitSeconds)]),
      ),
    );
    const living = await database.read<{ id: number }[]>(() =>
      livingTasks(database, 45, defaultIntervalSeconds).select('id'),
    );
    const tasks = await selectTasks(database, (query) => query);
    const alive = new Set(living.map(({ id }) => id));
    for (const task of tasks) {
      const row = rows.find(({ id }) => id === task.id);
      const what = `${task.silentSeconds} s, every ${task.heartbeatInterval ?? defaultIntervalSeconds} s`;
      const silent = isSilentFor(task.silentSeconds, task.heartbeatInterval ?? defaultIntervalSeconds);
      expect(row?.silent === 1, what).to.equal(silent);
      expect(alive.has(task.id), what).to.equal(!silent);
      expect(row?.beyond === 1, what).to.equal(isSurelyOver(task.silentSeconds, limitSeconds));
    }
  }

  it('is judged alike by the database and by this program, for generated ages and intervals', async function () {
    this.timeout(30_000);
    const random = seededRandom(11);
    const intervals = [undefined, 0.1, 0.5, 0.7, 1, 1.5, 7, 30, 60, 59.9];
    for (let i = 0; i < 120; i++) {
      const interval = intervals[Math.floor(random() * intervals.length)];
      // Near the edge, for that is where judgements differ.
      const seconds = Math.round(3 * (interval ?? 30)) + Math.floor(random() * 7) - 3;
      const row = interval === undefined ? {} : { heartbeat_interval: interval };
      await insertSilentTask(database, Math.max(0, seconds), row, random() < 0.7);
    }
    // The clock may turn to the next second between two reads.
    await whole(() => compare(30, 20));
    await whole(() => compare(60, 90));
    await whole(() => compare(0.7, 2.1));
  });

  it('goes by the setting where a task names no interval: of 60 s a queue and a claim make three minutes', async () => {
    const id = await insertSilentTask(database, 120);
    const living = (interval: number) =>
      database.read<{ id: number }[]>(() => livingTasks(database, 45, interval).select('id'));
    expect(await living(60)).to.deep.equal([{ id }]);
    expect(await living(30)).to.deep.equal([]);
  });
});

async function whole(work: () => Promise<void>): Promise<void> {
  await work().catch(() => work().catch(work));
}
