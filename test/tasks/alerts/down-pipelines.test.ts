import { expect } from 'chai';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { EndStore } from '../../../src/database/pipelines/end-store.js';
import { WantedStore } from '../../../src/database/pipelines/wanted-store.js';
import { queueTask } from '../../../src/database/task-steps/queue-task.js';
import { listLatestTasks } from '../../../src/database/tasks/task-lives.js';
import { TaskQueue } from '../../../src/database/tasks/task-queue.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { taskStatus } from '../../../src/model/task.js';
import { downPipelines } from '../../../src/tasks/alerts/down-pipelines.js';
import { readFleetFacts } from '../../../src/tasks/alerts/read-pipeline-facts.js';
import { ageTask } from '../../database/aged-task.js';
import { claimRequest } from '../../database/claim-request.js';
import { insertSilentTask } from '../../database/insert-silent-task.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';

eachDatabase('the pipelines that are shown as down', (databases) => {
  it('are those whose run has just failed, too, until another one runs', async () => {
    const database = await openMigrated(await databases.fresh());
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    await database.write([
      knex('pipeline').insert({ id: 45, name: 'a', create_time: now, update_time: now, disabled: 0 }),
    ]);
    const wanted = new WantedStore(database, 30);
    const ends = new EndStore(database, 30);
    const shown = async (): Promise<readonly string[]> =>
      downPipelines(await readFleetFacts(database, 30), 30).map(({ id, down }) => `${id} ${down.cause}`);
    await new CheckpointStore(database).get(45);
    await wanted.start(45);
    expect(await shown(), 'it is on its way').to.deep.equal([]);
    const of = (changes: object) => knex('pipeline_task').where({ pipeline_id: 45 }).update(changes);
    await database.write([of({ status: 2, end_time: dialect.now(knex), end_reason: 'error', error: 'it broke' })]);
    expect(await shown()).to.deep.equal(['45 failed']);
    await database.write([of({ end_reason: 'timeout' })]);
    expect(await shown()).to.deep.equal(['45 timeout']);
    const [end] = await ends.listUnjudged(0, 1);
    await ends.judge(end!, { kind: 'again', inSeconds: 0, failures: 1 });
    expect(await shown(), 'it waits for its next try').to.deep.equal(['45 timeout']);
    await wanted.queueDue(45);
    expect(await shown(), 'its next try waits for a worker').to.deep.equal(['45 not_running']);
    const id = await insertSilentTask(database, 0);
    expect(await shown()).to.deep.equal([]);
    await database.write([
      knex('pipeline_task').where({ status: taskStatus.queued }).delete(),
      knex('pipeline_checkpoint').where({ pipeline_id: 45 }).increment('version', 1),
    ]);
    await new TaskStore(database).handOver({ id, pipelineId: 45, progress: null, request: {} });
    expect(await shown(), 'a run that worked was handed over').to.deep.equal([]);
    await database.close();
  });

  describe('by the task that stands for each', () => {
    let database: Database;
    let tasks: TaskStore;
    beforeEach(async function () {
      this.timeout(60_000);
      database = await openMigrated(await databases.fresh());
      tasks = new TaskStore(database);
      const now = database.dialect.now(database.knex);
      const row = { id: 45, name: 'a', create_time: now, update_time: now, disabled: 0 };
      await database.write([database.knex('pipeline').insert(row)]);
      await new CheckpointStore(database).get(45);
    });
    afterEach(() => database.close());

    const claim = (holder: number | null, queuedTaskId?: number): Promise<number> =>
      tasks.claim(claimRequest({ holder, queuedTaskId }));
    const fail = (id: number): Promise<boolean> =>
      tasks.finish(id, { status: taskStatus.failed, endReason: 'error', error: 'oh' }, null);
    const down = async (): Promise<readonly (number | null)[]> =>
      downPipelines(await readFleetFacts(database, 30), 30).map((each) => each.down.taskId);

    it('are none whose last run succeeded, though it had waited and has a lower id than one that failed', async () => {
      const { taskId: waited } = await queueTask(database, 45, {});
      const later = await claim(null);
      await fail(later);
      expect(await down()).to.deep.equal([later]);
      await claim(later, waited);
      await tasks.finish(waited, { status: taskStatus.succeeded, endReason: 'completed', error: null }, null);
      expect(await down()).to.deep.equal([]);
      expect((await listLatestTasks(database, { id: 45 }, 30)).map(({ id }) => id)).to.deep.equal([waited]);
    });

    it('are those whose last run failed, be its id the lower one, until another fails or is refused', async () => {
      const { taskId: waited } = await queueTask(database, 45, {});
      const later = await claim(null);
      await tasks.finish(later, { status: taskStatus.succeeded, endReason: 'completed', error: null }, null);
      await claim(later, waited);
      await fail(waited);
      expect(await down()).to.deep.equal([waited]);
      const { taskId: refused } = await queueTask(database, 45, {});
      const queue = new TaskQueue(database, 30);
      const refusal = { reason: 'not JSON', definition: (await queue.asked(refused)).definition };
      await queue.refuse({ taskId: refused, pipelineId: 45, shard: 0 }, refusal);
      expect(await down()).to.deep.equal([refused]);
    });

    it('are none whose started run is silent, though another has waited behind it for long, until that run is failed', async () => {
      const running = await claim(null);
      await new WantedStore(database, 30).start(45);
      const { taskId: waiting } = await queueTask(database, 45, {});
      await ageTask(database, waiting, { created: 900, heartbeat: null });
      const { knex, dialect } = database;
      await database.write([knex('pipeline_wanted').update({ since: dialect.secondsAgo(knex, 900) })]);
      const standing = async (): Promise<readonly number[]> =>
        (await listLatestTasks(database, { id: 45 }, 30)).map(({ id }) => id);
      await ageTask(database, running, { created: 900, heartbeat: 95 });
      expect([await down(), await standing()]).to.deep.equal([[], [running]]);
      await tasks.finish(running, { status: taskStatus.failed, endReason: 'timeout', error: 'silent' }, null);
      expect([await down(), await standing()]).to.deep.equal([[waiting], [waiting]]);
    });

    it('stay down where the task that was to run next is cancelled before it began', async () => {
      const failed = await claim(null);
      await fail(failed);
      const { taskId: waits } = await queueTask(database, 45, {});
      await tasks.cancel(waits);
      expect(await down()).to.deep.equal([failed]);
    });

    it('are none of which no task ever began', async () => {
      const { taskId } = await queueTask(database, 45, {});
      await tasks.cancel(taskId);
      expect(await down()).to.deep.equal([]);
      expect((await listLatestTasks(database, { id: 45 }, 30)).map(({ id }) => id)).to.deep.equal([taskId]);
    });
  });
});
