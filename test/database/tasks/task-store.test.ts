import { expect } from 'chai';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import type { Replaced } from '../../../src/database/task-steps/end-replaced.js';
import { FenceError } from '../../../src/database/script.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { ClaimRequest } from '../../../src/database/tasks/claim-steps.js';
import type { Progress } from '../../../src/model/task.js';
import { taskStatus } from '../../../src/model/task.js';
import { NotFoundError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { ageTask } from '../aged-task.js';
import { claimRequest } from '../claim-request.js';
import { giveAnew, here, others } from '../given-anew.js';
import { rejectionOf } from '../../support/rejection.js';

const progress: Progress = { mode: 'historical', nextBlock: 7, targetBlock: 9, headBlock: 11, events: 3 };
const failed = { status: taskStatus.failed, endReason: 'error', error: 'oh: 故障' } as const;

eachDatabase('the tasks', (databases) => {
  let database: Database;
  let tasks: TaskStore;
  let checkpoints: CheckpointStore;
  let pipelineId = 100;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    tasks = new TaskStore(database);
    checkpoints = new CheckpointStore(database);
  });
  beforeEach(async () => {
    pipelineId += 1;
    await checkpoints.get(pipelineId);
  });
  after(() => database.close());

  const claim = (changes: Partial<ClaimRequest> = {}): Promise<number> =>
    tasks.claim(claimRequest({ pipelineId, ...changes }));
  const replacing = (taskId: number, silentForSeconds: number | null = null): Partial<ClaimRequest> => {
    const replaces: Replaced = { taskId, silentForSeconds, reason: 'because' };
    return { holder: taskId, replaces, worker: 'there:2' };
  };
  const outcomeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'done',
      (error: unknown) => (error instanceof FenceError ? 'fenced' : error),
    );
  const stateOf = async (id: number): Promise<unknown[]> => {
    const { status, endReason, error } = await tasks.get(id);
    return [status, endReason, error];
  };
  const holder = async (): Promise<number | null> => (await checkpoints.get(pipelineId)).taskId;
  const running = [taskStatus.running, null, null];
  const takenOver = [taskStatus.failed, 'taken_over', 'because'];

  describe('a claim', () => {
    it('makes a running task without a heartbeat, and names it in the checkpoint', async () => {
      const id = await claim({ timeoutMinutes: 1.5, heartbeatIntervalSeconds: 0.5 });
      const task = await tasks.get(id);
      expect(task).to.deep.include({
        id,
        pipelineId,
        status: 0,
        lastHeartbeat: null,
        logPath: `logs/pipeline_${id}.log`,
        worker: 'here:1',
        workerIdentity: 'first',
        heartbeatInterval: 0.5,
        timeoutMinutes: 1.5,
        endTime: null,
        endReason: null,
        error: null,
        progress: null,
        heartbeatAgeSeconds: null,
      });
      expect(task.silentSeconds).to.be.within(0, 2);
      expect(await holder()).to.equal(id);
    });

    it('stands after an end whose reason is long', async () => {
      const id = await claim();
      await tasks.finish(id, { ...failed, error: '错误'.repeat(20_000) }, null);
      const { status, error } = await tasks.get(id);
      expect(status).to.equal(2);
      expect(error).to.match(/^(错误){7000,8000}错?…$/);
    });

    it('over a task that has ended leaves that as it ended', async () => {
      const first = await claim();
      await tasks.finish(first, failed, null);
      const second = await claim({ holder: first });
      expect(second).to.be.greaterThan(first);
      expect(await stateOf(first)).to.deep.equal([2, 'error', 'oh: 故障']);
      expect(await holder()).to.equal(second);
    });

    it('over a silent task ends it in the same transaction', async () => {
      const first = await claim();
      await ageTask(database, first, { created: 500, heartbeat: 100 });
      const second = await claim(replacing(first, 90));
      expect(second).to.be.greaterThan(first);
      expect(await stateOf(first)).to.deep.equal(takenOver);
      expect((await tasks.get(first)).endTime).not.to.equal(null);
      expect(await stateOf(second)).to.deep.equal(running);
    });

    it('judges a task that never beat by its creation', async () => {
      const first = await claim();
      await ageTask(database, first, { created: 80, heartbeat: null });
      expect(await outcomeOf(claim(replacing(first, 90)))).to.equal('fenced');
      await ageTask(database, first, { created: 100, heartbeat: null });
      expect(await outcomeOf(claim(replacing(first, 90)))).to.equal('done');
    });

    it('fails, and changes nothing, where the task has beaten since it was judged', async () => {
      const first = await claim();
      await ageTask(database, first, { created: 500, heartbeat: 100 });
      await tasks.renew([{ taskId: first, progress: null }]);
      const { total } = await tasks.list({ pipelineId, limit: 1, offset: 0 });
      expect(await outcomeOf(claim(replacing(first, 90)))).to.equal('fenced');
      expect(await stateOf(first)).to.deep.equal(running);
      expect((await tasks.list({ pipelineId, limit: 1, offset: 0 })).total).to.equal(total);
      expect(await holder()).to.equal(first);
    });

    it('takes over a task that beats where that is wanted', async () => {
      const first = await claim();
      await tasks.renew([{ taskId: first, progress: null }]);
      expect(await outcomeOf(claim(replacing(first)))).to.equal('done');
      expect(await stateOf(first)).to.deep.equal(takenOver);
    });

    it('fails where the task has ended since it was judged', async () => {
      const first = await claim();
      await tasks.finish(first, failed, null);
      expect(await outcomeOf(claim(replacing(first)))).to.equal('fenced');
      expect(await stateOf(first)).to.deep.equal([2, 'error', 'oh: 故障']);
    });

    it('fails where another claimed the pipeline first', async () => {
      const first = await claim();
      expect(await outcomeOf(claim())).to.equal('fenced');
      await tasks.finish(first, failed, null);
      const second = await claim({ holder: first });
      expect(await outcomeOf(claim({ holder: first }))).to.equal('fenced');
      expect(await holder()).to.equal(second);
    });

    it('has one winner where several race', async () => {
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => outcomeOf(claim())));
      expect(outcomes.filter((outcome) => outcome === 'done')).to.have.length(1);
      expect((await tasks.list({ pipelineId, limit: 10, offset: 0 })).total).to.equal(1);
    });

    it('ends older tasks of the pipeline that still seem to run, and no other', async () => {
      const { knex } = database;
      const add = (pipeline: number, status: number): Promise<unknown> =>
        database.write([
          knex('pipeline_task').insert({ pipeline_id: pipeline, status, create_time: '2020-01-01 00:00:00' }),
        ]);
      await add(pipelineId, taskStatus.running);
      await add(pipelineId, taskStatus.queued);
      await add(pipelineId + 1_000, taskStatus.running);
      const first = await claim();
      await claim(replacing(first));
      const states = await database.read<number[]>((db) =>
        db('pipeline_task')
          .whereBetween('id', [first - 3, first - 1])
          .orderBy('id')
          .pluck('status'),
      );
      expect(states).to.deep.equal([taskStatus.failed, taskStatus.queued, taskStatus.running]);
    });
  });

  describe('a renewal', () => {
    it('takes for running what runs, also where nothing changes within a second', async () => {
      const id = await claim();
      for (let i = 0; i < 5; i++) expect(await tasks.renew([{ taskId: id, progress }])).to.deep.equal([]);
      const task = await tasks.get(id);
      expect(task.progress).to.deep.equal(progress);
      expect(task.heartbeatAgeSeconds).to.be.within(0, 2);
      await tasks.renew([{ taskId: id, progress: null }]);
      expect((await tasks.get(id)).progress).to.deep.equal(progress);
    });

    it('names a task that ended, was cancelled or never was', async () => {
      const ended = await claim();
      await tasks.finish(ended, failed, progress);
      const heartbeat = (await tasks.get(ended)).lastHeartbeat;
      expect(await tasks.renew([{ taskId: ended, progress }])).to.deep.equal([ended]);
      expect((await tasks.get(ended)).lastHeartbeat).to.equal(heartbeat);
      expect(await tasks.renew([{ taskId: 999_999, progress: null }])).to.deep.equal([999_999]);
    });

    it('takes many tasks in one statement, each with its own progress, and names those that are lost', async () => {
      const ids: number[] = [];
      for (let i = 0; i < 4; i++) {
        pipelineId += 1;
        await checkpoints.get(pipelineId);
        ids.push(await claim());
      }
      await tasks.cancel(ids[2]!);
      await tasks.renew([{ taskId: ids[3]!, progress }]);
      const beats = ids.map((taskId, i) => ({ taskId, progress: i < 3 ? { ...progress, events: i } : null }));
      expect(await tasks.renew(beats.reverse())).to.deep.equal([ids[2]]);
      const renewed = await Promise.all(ids.map((id) => tasks.get(id)));
      expect(renewed.map(({ heartbeatAgeSeconds }) => heartbeatAgeSeconds !== null)).to.deep.equal([
        true,
        true,
        false,
        true,
      ]);
      expect(renewed.map((task) => task.progress?.events)).to.deep.equal([0, 1, undefined, progress.events]);
    });

    it('takes more tasks than a statement can hold, each with its own progress', async () => {
      const first = 5_000_000;
      const ids = Array.from({ length: 11_000 }, (_none, i) => first + i);
      const now = database.dialect.now(database.knex);
      const row = (id: number): Record<string, unknown> => {
        return {
          id,
          pipeline_id: id,
          status: taskStatus.running,
          create_time: now,
          last_heartbeat: null,
          log_path: '',
        };
      };
      for (let at = 0; at < ids.length; at += 500) {
        const rows = ids.slice(at, at + 500).map(row);
        await database.write([database.knex('pipeline_task').insert(rows)]);
      }
      expect(await tasks.renew(ids.map((id) => ({ taskId: id, progress: { ...progress, events: id } })))).to.deep.equal(
        [],
      );
      for (const id of [first, first + 249, first + 250, first + 10_999]) {
        const { lastHeartbeat, progress: kept } = await tasks.get(id);
        expect([lastHeartbeat === null, kept?.events]).to.deep.equal([false, id]);
      }
      await database.write([database.knex('pipeline_task').where('id', '>=', first).delete()]);
    });

    it('is late by the database’s clock alone', async () => {
      const id = await claim();
      await ageTask(database, id, { created: 5_000, heartbeat: 3_600 });
      const task = await tasks.get(id);
      expect(task.heartbeatAgeSeconds).to.be.within(3_600, 3_603);
      expect(task.silentSeconds).to.equal(task.heartbeatAgeSeconds);
      await ageTask(database, id, { created: 5_000, heartbeat: null });
      expect((await tasks.get(id)).silentSeconds).to.be.within(5_000, 5_003);
    });
  });

  describe('a question who has ended', () => {
    it('names what ended, was cancelled or never was, and renews nobody', async () => {
      const runs = await claim();
      const other = async (id: number): Promise<number> => {
        await checkpoints.get(id);
        return claim({ pipelineId: id });
      };
      const [ended, cancelled] = [await other(1_001), await other(1_002)];
      await tasks.finish(ended, failed, null);
      await tasks.cancel(cancelled);
      expect(await tasks.listEnded([runs, ended, cancelled, 999_999])).to.deep.equal([ended, cancelled, 999_999]);
      expect((await tasks.get(runs)).lastHeartbeat).to.equal(null);
    });
  });

  describe('an end', () => {
    it('happens once', async () => {
      const id = await claim();
      expect(await tasks.finish(id, failed, progress)).to.equal(true);
      const task = await tasks.get(id);
      expect(task).to.deep.include({ status: 2, endReason: 'error', error: 'oh: 故障', progress });
      expect(task.endTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
      const other = { status: taskStatus.succeeded, endReason: 'completed', error: null } as const;
      expect(await tasks.finish(id, other, null)).to.equal(false);
      expect(await tasks.get(id)).to.deep.include({ status: 2, endReason: 'error', progress });
    });

    it('by a person reaches tasks that run or wait, and no others', async () => {
      const id = await claim();
      expect(await tasks.cancel(id)).to.equal(true);
      expect(await stateOf(id)).to.deep.equal([1, 'stopped', null]);
      expect(await tasks.cancel(id)).to.equal(false);
      const { knex } = database;
      const queued = { pipeline_id: pipelineId, status: taskStatus.queued, create_time: '2020-01-01 00:00:00' };
      const [result] = await database.write([knex('pipeline_task').insert(queued)]);
      expect(await tasks.cancel(result!.insertId)).to.equal(true);
      expect(await tasks.cancel(999_999)).to.equal(false);
    });
  });

  describe('a process whose task’s id the server gave to another one', () => {
    let own: TaskStore;
    let id: number;
    before(() => (own = new TaskStore(database, here)));
    beforeEach(async () => (id = await claim()));

    const elsewhere = (): Promise<number> => checkpoints.get(++pipelineId).then(() => claim());
    const rowOf = async (): Promise<unknown> => {
      const { status, lastHeartbeat, progress: kept } = await tasks.get(id);
      return [status, lastHeartbeat, kept];
    };
    const untouched = [taskStatus.running, null, null];

    it('renews, asks for and ends what is still its own', async () => {
      expect(await own.renew([{ taskId: id, progress }])).to.deep.equal([]);
      expect(await own.listEnded([id])).to.deep.equal([]);
      expect(await own.finish(id, failed, null)).to.equal(true);
    });

    it('holds its tasks also where the system does not tell its identity', async () => {
      const nameless = new TaskStore(database, { name: 'there:2', identity: null });
      const other = await checkpoints.get(++pipelineId).then(() => claim({ worker: 'there:2', workerIdentity: null }));
      expect(await nameless.renew([{ taskId: other, progress }])).to.deep.equal([]);
      expect(await nameless.renew([{ taskId: id, progress }])).to.deep.equal([id]);
      expect(await nameless.finish(other, failed, null)).to.equal(true);
    });

    for (const other of others) {
      const whose = Object.keys(other).join();

      it(`has lost it, and keeps what else it holds (${whose})`, async () => {
        const kept = await elsewhere();
        await giveAnew(database, id, other);
        expect(await own.renew([{ taskId: id, progress }])).to.deep.equal([id]);
        const beats = [id, kept].map((taskId) => ({ taskId, progress }));
        expect(await own.renew(beats)).to.deep.equal([id]);
        expect(await own.listEnded([id, kept])).to.deep.equal([id]);
        expect(await rowOf()).to.deep.equal(untouched);
        expect((await tasks.get(kept)).progress).to.deep.equal(progress);
      });

      it(`neither ends it nor hands it over (${whose})`, async () => {
        await giveAnew(database, id, other);
        expect(await own.finish(id, failed, progress)).to.equal(false);
        const { total } = await tasks.list({ pipelineId, limit: 1, offset: 0 });
        const end = { id, pipelineId, progress, request: {} };
        expect(await own.handOver(end)).to.equal(false);
        expect(await outcomeOf(own.handOverAll([end]))).to.equal('fenced');
        expect((await tasks.list({ pipelineId, limit: 1, offset: 0 })).total).to.equal(total);
        expect(await rowOf()).to.deep.equal(untouched);
      });
    }
  });

  describe('a list', () => {
    it('has filters, pages and a total, newest first', async () => {
      const ids: number[] = [];
      for (let i = 0; i < 5; i++) {
        ids.push(await claim({ holder: ids.at(-1) ?? null }));
        if (i < 4) await tasks.finish(ids[i]!, failed, null);
      }
      const page = async (status: number | undefined, limit: number, offset: number): Promise<unknown[]> => {
        const { tasks: found, total } = await tasks.list({ pipelineId, status, limit, offset });
        return [found.map(({ id }) => ids.indexOf(id)), total];
      };
      expect(await page(undefined, 3, 0)).to.deep.equal([[4, 3, 2], 5]);
      expect(await page(undefined, 3, 3)).to.deep.equal([[1, 0], 5]);
      expect(await page(taskStatus.failed, 2, 1)).to.deep.equal([[2, 1], 4]);
      expect(await page(taskStatus.queued, 9, 0)).to.deep.equal([[], 0]);
      const all = await tasks.list({ limit: 1_000, offset: 0 });
      expect(all.tasks.length).to.equal(all.total);
    });

    it('has counts by status and reason, and knows the newest that began', async () => {
      const first = await claim();
      await tasks.finish(first, { status: taskStatus.failed, endReason: `reason ${pipelineId}`, error: null }, null);
      const counts = await tasks.count();
      expect(counts).to.deep.include({ status: 2, endReason: `reason ${pipelineId}`, count: 1 });
      const { knex } = database;
      const queued = { pipeline_id: pipelineId, status: taskStatus.queued, create_time: '2020-01-01 00:00:00' };
      await database.write([knex('pipeline_task').insert(queued)]);
      expect((await tasks.getNewest(pipelineId))?.id).to.equal(first);
      expect(await tasks.getNewest(999_999)).to.equal(null);
      await rejectionOf(tasks.get(999_999), NotFoundError);
    });
  });
});
