import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { RewindStore } from '../../../src/database/events/rewind-store.js';
import { letGo } from '../../../src/database/task-steps/wanted-steps.js';
import { EndStore } from '../../../src/database/pipelines/end-store.js';
import { WantedStore } from '../../../src/database/pipelines/wanted-store.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { queueTask } from '../../../src/database/task-steps/queue-task.js';
import { TaskQueue } from '../../../src/database/tasks/task-queue.js';
import { listLatestTasks } from '../../../src/database/tasks/task-lives.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { ClaimRequest } from '../../../src/database/tasks/claim-steps.js';
import { taskStatus } from '../../../src/model/task.js';
import type { PipelineDefinition } from '../../../src/model/pipeline.js';
import type { RunRequest } from '../../../src/model/run-request.js';
import type { UnjudgedEnd } from '../../../src/model/wanted.js';
import { FenceError } from '../../../src/database/script.js';
import { ConflictError, NotFoundError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { ageTask } from '../aged-task.js';
import { claimRequest } from '../claim-request.js';
import { exampleBatch, exampleCommit, noProgress } from '../example-batch.js';

const exampleDefinition = {
  ...{ name: 'changed', classificationId: null, description: null, timeoutMinutes: null },
  ...{ restart: null, schedule: null, timeZone: null, components: [] },
};

eachDatabase('the store of what is wanted', (databases) => {
  let database: Database;
  let wanted: WantedStore;
  let ends: EndStore;
  let tasks: TaskStore;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    wanted = new WantedStore(database, 30);
    ends = new EndStore(database, 30);
    tasks = new TaskStore(database);
  });
  beforeEach(async () => {
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    const row = { name: 'a', create_time: now, update_time: now, disabled: 0 };
    await database.write([
      ...['pipeline_wanted', 'pipeline_task', 'pipeline_checkpoint', 'pipeline', 'pipeline_component'].map((table) =>
        knex(table).delete(),
      ),
      ...[45, 46, 47].map((id) => knex('pipeline').insert({ ...row, id })),
    ]);
    for (const id of [45, 46, 47]) await new CheckpointStore(database).get(id);
  });
  after(() => database.close());

  const statusOf = async (id: number | null): Promise<number> => (await tasks.get(id ?? 0)).status;
  const claim = (queuedTaskId: number | null, changes: Partial<ClaimRequest> = {}): Promise<number> =>
    tasks.claim(claimRequest({ queuedTaskId: queuedTaskId ?? undefined, ...changes }));
  const fail = (id: number, error = 'oh'): Promise<boolean> =>
    tasks.finish(
      id,
      { status: taskStatus.failed, endReason: 'error', error },
      { mode: 'realtime', nextBlock: 8, targetBlock: null, headBlock: 9, events: 3 },
    );
  const unjudged = async (): Promise<UnjudgedEnd> => (await ends.listUnjudged(0, 10))[0]!;
  const again = { kind: 'again', inSeconds: 0, failures: 1 } as const;
  /** A started pipeline whose first task has failed. */
  const startAndFail = async (): Promise<number> => {
    const id = await claim((await wanted.start(45)).queuedTaskId);
    await fail(id);
    return id;
  };

  it('queues a task of a pipeline that is started, and none where one waits or lives', async () => {
    expect(await wanted.get(45)).to.equal(null);
    const { queuedTaskId: first } = await wanted.start(45);
    expect(await wanted.get(45)).to.include({ state: 'started', failures: 0, nextStart: null, heldReason: null });
    expect(await statusOf(first)).to.equal(taskStatus.queued);
    expect((await wanted.start(45)).queuedTaskId).to.equal(null);
    await claim(first);
    expect((await wanted.start(45)).queuedTaskId).to.equal(null);
    await tasks.cancel(first ?? 0);
    expect((await wanted.start(45)).queuedTaskId).to.be.greaterThan(first ?? 0);
  });

  it('starts no pipeline that is not there, and keeps no wish for it', async () => {
    expect(await rejectionOf(wanted.start(99))).to.be.instanceOf(NotFoundError);
    expect(await wanted.list()).to.deep.equal([]);
  });

  it('starts no pipeline that was disabled since somebody looked', async () => {
    await new PipelineStore(database).setDisabled(45, true);
    for (const wish of [wanted.start(45), wanted.restart(45)]) {
      expect((await rejectionOf(wish, ConflictError)).message).to.equal('pipeline 45 is disabled');
    }
    expect(await wanted.list()).to.deep.equal([]);
    await new PipelineStore(database).setDisabled(45, false);
    expect((await wanted.start(45)).queuedTaskId).to.be.greaterThan(0);
  });

  it('passes over what an older version has left of a pipeline that is deleted', async () => {
    const { knex, dialect } = database;
    const left = { state: 'started', since: dialect.now(knex) };
    await database.write([
      knex('pipeline_wanted').insert({ ...left, pipeline_id: 98 }),
      knex('pipeline_wanted').insert({ ...left, pipeline_id: 99, next_start: dialect.secondsAgo(knex, 1) }),
    ]);
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
    expect(await wanted.listDue(10)).to.deep.equal([]);
  });

  it('queues one task where many start a pipeline at one time', async () => {
    const ids = await Promise.all([1, 2, 3, 4].map(async () => (await wanted.start(45)).queuedTaskId));
    expect(ids.filter((id) => id !== null)).to.have.length(1);
  });

  it('ends what runs and what waits of a pipeline that is stopped', async () => {
    const running = await claim((await wanted.start(45)).queuedTaskId);
    const { taskId: waits } = await queueTask(database, 45, {});
    expect(await wanted.stop(45)).to.equal(2);
    expect(await wanted.get(45)).to.include({ state: 'stopped' });
    expect(await tasks.get(running)).to.include({ status: 1, endReason: 'stopped' });
    expect(await tasks.get(waits)).to.include({ status: 1, endReason: 'stopped' });
    expect(await wanted.stop(46)).to.equal(0);
    expect(await wanted.get(46)).to.include({ state: 'stopped', judgedTaskId: null });
  });

  it('lists a started pipeline that nobody runs, with how its newest task ended', async () => {
    const { queuedTaskId: waits } = await wanted.start(45);
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
    const id = await claim(waits);
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
    await fail(id);
    const { knex, dialect } = database;
    const ended = knex('pipeline_task').where({ id });
    await database.write([ended.update({ end_time: dialect.secondsAgo(knex, 40) })]);
    expect((await unjudged()).task?.overForSeconds).to.be.within(40, 45);
    expect(await ends.listUnjudged(0, 10)).to.containSubset([
      {
        ...{ pipelineId: 45, failures: 0, judgedTaskId: null, version: 0, judgedVersion: null },
        task: { id, status: 2, endReason: 'error', error: 'oh', nextBlock: 8 },
      },
    ]);
    expect(await ends.listUnjudged(45, 10)).to.deep.equal([]);
    await wanted.stop(45);
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
  });

  it('lists a pipeline whose task has been silent for three of its beats', async () => {
    const id = await claim((await wanted.start(45)).queuedTaskId);
    await ageTask(database, id, { created: 1_000, heartbeat: 89 });
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
    await ageTask(database, id, { created: 1_000, heartbeat: 92 });
    const { task } = await unjudged();
    expect(task).to.include({ id, status: taskStatus.running, heartbeatInterval: 30 });
    expect(task?.overForSeconds).to.be.within(2, 7);
  });

  it('lets one of many judge an end, and queues the next task when its time has come', async () => {
    const id = await startAndFail();
    const end = await unjudged();
    const verdict = { kind: 'again', inSeconds: 600, failures: 1 } as const;
    const judged = await Promise.all([1, 2, 3].map(() => ends.judge(end, verdict)));
    expect(judged.filter((won) => won)).to.have.length(1);
    expect(await wanted.get(45)).to.include({ failures: 1, hasCommitted: false });
    expect((await wanted.get(45))?.nextStart).to.be.a('string');
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
    expect(await wanted.listDue(10)).to.deep.equal([]);
    expect(await wanted.queueDue(45)).to.equal(null);
    const { knex, dialect } = database;
    await database.write([knex('pipeline_wanted').update({ next_start: dialect.secondsAgo(knex, 1) })]);
    expect(await wanted.listDue(10)).to.deep.equal([45]);
    const queued = await Promise.all([1, 2, 3].map(() => wanted.queueDue(45)));
    expect(queued.filter((won) => won !== null)).to.have.length(1);
    expect(await wanted.get(45)).to.include({ failures: 1, nextStart: null });
    await database.write([knex('pipeline_checkpoint').where({ pipeline_id: 45 }).increment('version', 1)]);
    expect(await wanted.get(45)).to.include({ failures: 1, hasCommitted: true });
    expect(await ends.judge(end, verdict), 'late').to.equal(false);
    expect((await tasks.getNewest(45))?.id).to.equal(id);
  });

  it('counts another try as due that lies further ahead than any is put off: the clock was set back', async () => {
    await startAndFail();
    const { knex, dialect } = database;
    const put = (seconds: number, of: string | null): Promise<unknown> =>
      database.write([
        knex('pipeline_wanted').update({ next_start: dialect.secondsAgo(knex, -seconds), next_start_of: of }),
      ]);
    await ends.judge(await unjudged(), again);
    await put(890, null);
    const nextStart = async (): Promise<number> => Date.parse((await wanted.get(45))?.nextStart ?? '');
    const shown = await nextStart();
    expect(await wanted.listDue(10), 'the longest wait there is').to.deep.equal([]);
    expect(await wanted.queueDue(45)).to.equal(null);
    await put(18_000, '0 3 * * *');
    expect(await wanted.listDue(10), 'a time of a schedule').to.deep.equal([]);
    expect(await wanted.queueDue(45)).to.equal(null);
    expect(await nextStart()).to.be.greaterThan(shown);
    await put(18_000, null);
    expect(await nextStart(), 'now').to.be.lessThan(shown);
    expect(await wanted.listDue(10)).to.deep.equal([45]);
    expect(await wanted.queueDue(45)).to.be.a('number');
    expect(await wanted.get(45)).to.include({ failures: 1, nextStart: null });
  });

  it('takes no late judgement of an end behind which the next task runs already', async () => {
    const id = await claim((await wanted.start(45)).queuedTaskId);
    const handedOver = { status: taskStatus.succeeded, endReason: 'handed_over', error: null };
    await tasks.finish(id, handedOver, null);
    const end = await unjudged();
    const atOnce = { kind: 'again', inSeconds: 0, failures: 0 } as const;
    expect(await ends.judge(end, atOnce)).to.equal(true);
    await claim(await wanted.queueDue(45), { holder: id });
    expect(await ends.judge(end, atOnce)).to.equal(false);
    expect(await wanted.get(45)).to.include({ nextStart: null });
  });

  describe('takes no judgement of an end', () => {
    const verdicts = [{ kind: 'done' }, { kind: 'held', reason: 'the wrong chain', failures: 1 }] as const;
    const stale = async (end: UnjudgedEnd): Promise<void> => {
      const before = await wanted.get(end.pipelineId);
      for (const verdict of verdicts) expect(await ends.judge(end, verdict), verdict.kind).to.equal(false);
      expect(await wanted.get(end.pipelineId)).to.deep.equal(before);
    };

    it('behind which a person has started the pipeline, which leaves its row as it was', async () => {
      await startAndFail();
      const end = await unjudged();
      const { queuedTaskId } = await wanted.start(45);
      expect(queuedTaskId).to.be.a('number');
      await stale(end);
      expect(await wanted.get(45)).to.include({ state: 'started', heldReason: null });
      await fail(await claim(queuedTaskId, { holder: end.task?.id ?? null }));
      await stale(end);
      expect(await ends.judge(await unjudged(), again), 'the end of the task that was started').to.equal(true);
    });

    it('behind which somebody runs the pipeline in the foreground, or has', async () => {
      const first = await startAndFail();
      const end = await unjudged();
      const second = await claim(null, { holder: first });
      await stale(end);
      await fail(second);
      await stale(end);
    });

    it('behind which what it left was rewound, and none of what a rewind has settled that has begun again', async () => {
      const first = await startAndFail();
      const end = await unjudged();
      const rewind = { pipelineId: 45, version: 0, replaces: null, from: 9, first: 1, above: 4, childrenUpTo: 4 };
      await new RewindStore(database).takeBack({
        ...rewind,
        holder: first,
        to: { number: 4, hash: null },
        ends: { keepsRemembered: true },
      });
      await stale(end);
      const settled = await unjudged();
      expect(settled.task).to.equal(null);
      await fail(await claim(null));
      await stale(settled);
    });

    it('by silence, where the task has been heard again, or has ended', async () => {
      const id = await claim((await wanted.start(45)).queuedTaskId);
      await ageTask(database, id, { created: 1_000, heartbeat: 92 });
      const end = await unjudged();
      await tasks.renew([{ taskId: id, progress: null }]);
      await stale(end);
      await tasks.finish(id, { status: taskStatus.succeeded, endReason: 'stopped', error: null }, null);
      await stale(end);
      expect(await ends.judge(await unjudged(), again)).to.equal(true);
    });

    it('of a pipeline that is deleted', async () => {
      await startAndFail();
      const end = await unjudged();
      await new PipelineStore(database).delete(45, 30);
      for (const verdict of verdicts) expect(await ends.judge(end, verdict)).to.equal(false);
    });
  });

  it('queues nothing where the silent task has been heard again, whose end is judged when it comes', async () => {
    const id = await claim((await wanted.start(45)).queuedTaskId);
    await ageTask(database, id, { created: 1_000, heartbeat: 92 });
    await ends.judge(await unjudged(), again);
    await tasks.renew([{ taskId: id, progress: null }]);
    expect(await wanted.queueDue(45)).to.equal(null);
    expect(await wanted.listDue(10)).to.deep.equal([]);
    await fail(id);
    expect(await unjudged()).to.deep.include({ failures: 1, judgedTaskId: null });
  });

  it('takes back the task that was to follow a silent one which beats again, and none that somebody asked for', async () => {
    const id = await claim((await wanted.start(45)).queuedTaskId);
    await ageTask(database, id, { created: 1_000, heartbeat: 92 });
    await ends.judge(await unjudged(), again);
    const follower = await wanted.queueDue(45);
    expect(await statusOf(follower)).to.equal(taskStatus.queued);
    expect(await ends.listRevived(10), 'while it is silent').to.deep.equal([]);
    expect(
      (await listLatestTasks(database, { first: 10 }, 30)).map((task) => task.id),
      'it holds it',
    ).to.deep.equal([id]);
    await tasks.renew([{ taskId: id, progress: null }]);
    expect((await listLatestTasks(database, { first: 10 }, 30)).map((task) => task.id)).to.deep.equal([id]);
    const [revived] = await ends.listRevived(10);
    expect(revived).to.deep.equal({ pipelineId: 45, taskId: id });
    const taken = await Promise.all([1, 2].map(() => ends.takeBack({ pipelineId: 45, taskId: id })));
    expect(taken.filter((won) => won)).to.have.length(1);
    expect(await rejectionOf(tasks.get(follower ?? 0))).to.be.instanceOf(NotFoundError);
    await database.write([database.knex('pipeline_wanted').update({ judged_task_id: id })]);
    const { taskId: asked } = await queueTask(database, 45, {});
    expect(await ends.listRevived(10), 'asked for').to.deep.equal([]);
    expect(await ends.takeBack({ pipelineId: 45, taskId: id })).to.equal(false);
    expect(await statusOf(asked)).to.equal(taskStatus.queued);
    await database.write([database.knex('pipeline_task').where({ id: asked }).delete()]);
    await fail(id);
    expect(await unjudged(), 'another end').to.deep.include({ failures: 1, judgedTaskId: null });
  });

  it('keeps the task that was to follow one where a person asks for a run, or starts the pipeline anew meanwhile', async () => {
    const id = await claim((await wanted.start(45)).queuedTaskId);
    await ageTask(database, id, { created: 1_000, heartbeat: 92 });
    await ends.judge(await unjudged(), again);
    const follower = await wanted.queueDue(45);
    expect(await queueTask(database, 45, { toBlock: 9 })).to.deep.include({ taskId: follower, isNew: false });
    expect((await new TaskQueue(database, 30).asked(follower ?? 0)).request).to.deep.equal({ toBlock: 9 });
    await tasks.renew([{ taskId: id, progress: null }]);
    expect(await ends.listRevived(10)).to.deep.equal([]);
    await wanted.stop(45);
    const { queuedTaskId } = await wanted.start(45);
    expect(await ends.takeBack({ pipelineId: 45, taskId: id }), 'listed before').to.equal(false);
    expect(await statusOf(queuedTaskId)).to.equal(taskStatus.queued);
  });

  it('takes back nothing that a schedule asked for', async () => {
    const id = await claim((await wanted.start(45)).queuedTaskId);
    await ageTask(database, id, { created: 1_000, heartbeat: 92 });
    await ends.judge(await unjudged(), again);
    await wanted.queueDue(45);
    await tasks.renew([{ taskId: id, progress: null }]);
    expect(await ends.listRevived(10)).to.have.length(1);
    await database.write([database.knex('pipeline_wanted').update({ last_slot: '2024-01-15 03:00:00' })]);
    expect(await ends.listRevived(10)).to.deep.equal([]);
  });

  it('holds a pipeline until a person lets it go', async () => {
    await startAndFail();
    await ends.judge(await unjudged(), { kind: 'held', reason: 'the wrong chain', failures: 1 });
    expect(await wanted.get(45)).to.include({ heldReason: 'the wrong chain', state: 'started', nextStart: null });
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
    await database.write(letGo(database, 45));
    expect(await wanted.get(45)).to.include({ heldReason: null, failures: 0 });
    expect(await wanted.listDue(10)).to.deep.equal([45]);
  });

  describe('whose definition is changed', () => {
    const change = (): Promise<number> =>
      new PipelineStore(database).import({ ...exampleDefinition, id: 45 }, { update: true });

    it('notes it of an end that nobody has judged, so that what was judged before is of no effect', async () => {
      const id = await startAndFail();
      const end = await unjudged();
      await change();
      expect(await ends.judge(end, { kind: 'held', reason: 'the wrong chain', failures: 1 })).to.equal(false);
      expect(await unjudged()).to.deep.include({ failures: 0, judgedTaskId: id });
      expect(await ends.judge(await unjudged(), again)).to.equal(true);
    });

    it('notes it of an end that is yet to come', async () => {
      const id = await claim((await wanted.start(45)).queuedTaskId);
      await change();
      await fail(id);
      expect(await unjudged()).to.deep.include({ failures: 0, judgedTaskId: id });
    });

    it('notes it of no task that ends after that one', async () => {
      const first = await startAndFail();
      await change();
      await ends.judge(await unjudged(), again);
      const second = await claim(await wanted.queueDue(45), { holder: first });
      await fail(second);
      const { task, judgedTaskId } = await unjudged();
      expect([task?.id, judgedTaskId]).to.deep.equal([second, first]);
    });

    it('leaves the task that waits to follow where a run in the foreground has come before it', async () => {
      const first = await startAndFail();
      await ends.judge(await unjudged(), again);
      const follower = await wanted.queueDue(45);
      await claim(null, { holder: first });
      await change();
      expect(await ends.listRevived(10)).to.deep.equal([]);
      expect(await statusOf(follower)).to.equal(taskStatus.queued);
    });

    it('leaves one alone that is stopped', async () => {
      await startAndFail();
      await wanted.stop(45);
      const before = await wanted.get(45);
      await change();
      expect(await wanted.get(45)).to.deep.equal(before);
    });

    it('lets go what was held, and has what waited for another try begin at once', async () => {
      await startAndFail();
      for (const verdict of [
        { kind: 'held', reason: 'the wrong chain', failures: 1 } as const,
        { ...again, inSeconds: 600 },
      ]) {
        const { knex } = database;
        await database.write([knex('pipeline_wanted').update({ next_start: null })]);
        expect(await ends.judge(await unjudged(), verdict)).to.equal(true);
        expect(await wanted.listDue(10)).to.deep.equal([]);
        await change();
        expect(await wanted.get(45)).to.include({ heldReason: null, failures: 0 });
        expect(await wanted.listDue(10)).to.deep.equal([45]);
      }
    });
  });

  it('lets go what held a pipeline where it is started again', async () => {
    await startAndFail();
    await ends.judge(await unjudged(), { kind: 'held', reason: 'the wrong chain', failures: 1 });
    expect((await wanted.start(45)).queuedTaskId).to.be.a('number');
    expect(await wanted.get(45)).to.include({ heldReason: null, failures: 0 });
  });

  it('wants nothing more of a pipeline that has done all there was to do', async () => {
    await startAndFail();
    await ends.judge(await unjudged(), { kind: 'done' });
    expect(await wanted.get(45)).to.include({ state: 'stopped', failures: 0 });
  });

  it('hands what runs over to a new task of a pipeline that is restarted, held or not', async () => {
    const running = await claim((await wanted.start(45)).queuedTaskId);
    const restarted = await wanted.restart(45);
    expect(restarted).to.include({ ended: 1 });
    expect(await tasks.get(running)).to.include({ status: 1, endReason: 'handed_over' });
    expect(await statusOf(restarted.queuedTaskId)).to.equal(taskStatus.queued);
    await fail(await claim(restarted.queuedTaskId, { holder: running }));
    await ends.judge(await unjudged(), { kind: 'held', reason: 'the wrong chain', failures: 1 });
    expect(await wanted.restart(45)).to.include({ ended: 0 });
    expect(await wanted.get(45)).to.include({ heldReason: null, failures: 0 });
  });

  it('has one task wait that a worker hands over, with what it was asked for, and none where it has ended', async () => {
    const id = await claim((await wanted.start(45)).queuedTaskId);
    const task = { id, pipelineId: 45 };
    const results = [
      await tasks.handOver({ ...task, progress: null, request: { toBlock: 9 } }),
      await tasks.handOver({ ...task, progress: null, request: {} }),
    ];
    expect(results).to.deep.equal([true, false]);
    expect(await tasks.get(id)).to.include({ status: 1, endReason: 'handed_over' });
    const { tasks: waiting } = await tasks.list({ status: taskStatus.queued, limit: 10, offset: 0 });
    expect(waiting).to.have.length(1);
    expect((await new TaskQueue(database, 30).asked(waiting[0]?.id ?? 0)).request).to.deep.equal({ toBlock: 9 });
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
  });

  it('wants no more of a pipeline of which a task is cancelled, be it only waiting', async () => {
    const { queuedTaskId } = await wanted.start(45);
    expect(await tasks.cancel(queuedTaskId ?? 0)).to.equal(true);
    expect(await wanted.get(45)).to.include({ state: 'stopped' });
    await wanted.start(45);
    expect(await tasks.cancel(queuedTaskId ?? 0), 'a second time').to.equal(false);
    expect(await wanted.get(45)).to.include({ state: 'started' });
  });

  it('ends all tasks of a started pipeline with the one that is cancelled, silent or queued to follow that', async () => {
    for (const which of [0, 1]) {
      const silent = await claim((await wanted.start(45)).queuedTaskId, {
        holder: (await new CheckpointStore(database).get(45)).taskId,
      });
      await ageTask(database, silent, { created: 1_000, heartbeat: 92 });
      await ends.judge(await unjudged(), again);
      const both = [silent, (await wanted.queueDue(45)) ?? 0];
      expect(await tasks.cancel(both[which] ?? 0)).to.equal(true);
      for (const id of both) expect(await tasks.get(id)).to.include({ status: 1, endReason: 'stopped' });
      expect(await wanted.get(45)).to.include({ state: 'stopped' });
    }
  });

  it('leaves no task behind where one is cancelled while workers queue the next', async function () {
    this.timeout(30_000);
    for (let round = 0; round < 5; round++) {
      const holder = (await new CheckpointStore(database).get(45)).taskId;
      const silent = await claim((await wanted.start(45)).queuedTaskId, { holder });
      await ageTask(database, silent, { created: 1_000, heartbeat: 92 });
      await ends.judge(await unjudged(), again);
      const [, isCancelled] = await Promise.all([wanted.queueDue(45), tasks.cancel(silent)]);
      expect(isCancelled).to.equal(true);
      const { total } = await tasks.list({ status: taskStatus.queued, limit: 1, offset: 0 });
      expect(total).to.equal(0);
    }
  });

  it('leaves a run alone that waits behind one that is cancelled and that nobody keeps running', async () => {
    const runs = await claim(null);
    const { taskId: waits } = await queueTask(database, 45, {});
    await tasks.cancel(runs);
    expect(await statusOf(waits)).to.equal(taskStatus.queued);
    await tasks.cancel(waits);
    expect(await statusOf(waits)).to.equal(taskStatus.succeeded);
  });

  it('stops a pipeline that is disabled, and leaves a run alone that nobody keeps running', async () => {
    const pipelines = new PipelineStore(database);
    const kept = await claim((await wanted.start(45)).queuedTaskId);
    const single = await claim(null, { pipelineId: 46 });
    for (const id of [45, 46]) await pipelines.setDisabled(id, true);
    expect(await wanted.get(45)).to.include({ state: 'stopped' });
    expect(await tasks.get(kept)).to.include({ status: 1, endReason: 'stopped' });
    expect(await statusOf(single)).to.equal(taskStatus.running);
  });

  it('has workers read no shard of a pipeline that is disabled, be it started or not', async () => {
    const { knex, dialect } = database;
    const single = await claim(null, { pipelineId: 46 });
    const row = { pipeline_id: 46, create_time: dialect.now(knex), log_path: '' };
    await database.write([
      knex('pipeline_task').insert({ ...row, shard: 2, status: taskStatus.running }),
      knex('pipeline_task').insert({ ...row, shard: 3, status: taskStatus.queued }),
      knex('pipeline_task').insert({ ...row, pipeline_id: 47, shard: 2, status: taskStatus.running }),
    ]);
    await new PipelineStore(database).setDisabled(46, true);
    const { tasks: all } = await tasks.list({ limit: 10, offset: 0 });
    expect(all.map(({ pipelineId, shard, endReason }) => [pipelineId, shard, endReason])).to.deep.equal([
      [47, 2, null],
      [46, 3, 'stopped'],
      [46, 2, 'stopped'],
      [46, undefined, null],
    ]);
    expect(await statusOf(single)).to.equal(taskStatus.running);
  });

  it('holds a pipeline whose definition is refused, and ends the task that waited for it', async () => {
    const { queuedTaskId } = await wanted.start(45);
    const taskId = queuedTaskId ?? 0;
    const queue = new TaskQueue(database, 30);
    const { definition } = await queue.asked(taskId);
    await queue.refuse({ taskId, pipelineId: 45, shard: 0 }, { reason: 'not JSON', definition });
    expect(await tasks.get(taskId)).to.include({ status: 2, endReason: 'refused', error: 'not JSON' });
    expect(await wanted.get(45)).to.include({ state: 'started', heldReason: 'not JSON' });
    await wanted.start(45);
    await queue.refuse({ taskId, pipelineId: 45, shard: 0 }, { reason: 'late', definition });
    expect(await wanted.get(45)).to.include({ heldReason: null });
  });

  describe('of a run that was to begin anew and came to nothing', () => {
    const fresh = { mode: 'historical', fresh: true, fromBlock: 7 } as const;
    const tables = ['event', 'undecoded_log', 'recent_block', 'pipeline_commit'];
    beforeEach(() => database.write(tables.map((table) => database.knex(table).delete())));

    const asked = async (id: number | null): Promise<RunRequest> =>
      (await new TaskQueue(database, 30).asked(id ?? 0)).request;
    const commitsOf = (taskId: number, version = 0): Promise<void> =>
      new BatchStore(database).commit(
        exampleCommit({
          pipelineId: 45,
          taskId,
          version,
          batch: exampleBatch(1, 1),
          progress: noProgress,
          begins: fresh,
        }),
      );
    /** A started pipeline with a run that was to begin anew. */
    const begin = async (): Promise<number> => {
      const { taskId } = await queueTask(database, 45, fresh);
      expect(await wanted.start(45)).to.include({ queuedTaskId: null });
      return claim(taskId);
    };
    const silence = (id: number): Promise<void> => ageTask(database, id, { created: 1_000, heartbeat: 92 });
    /** The database, where something happens behind what is read first. */
    const behindRead = (happen: () => Promise<void>): Database => {
      let hasHappened = false;
      const read: Database['read'] = async (build) => {
        const rows = await database.read(build);
        if (!hasHappened) {
          hasHappened = true;
          await happen();
        }
        return rows as never;
      };
      return new Proxy(database, {
        get: (target, key) => {
          if (key === 'read') return read;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === 'function' && key !== 'knex' ? (value.bind(target) as unknown) : value;
        },
      });
    };
    const follow = async (): Promise<number> => {
      expect(await ends.judge(await unjudged(), again)).to.equal(true);
      return (await wanted.queueDue(45)) ?? 0;
    };

    it('has what follows begin anew, however often it comes to nothing', async () => {
      const first = await begin();
      await fail(first);
      const second = await follow();
      expect(await asked(second)).to.deep.equal({ ...fresh, follows: true });
      await silence(await claim(second, { holder: first }));
      expect(await asked(await follow())).to.deep.equal({ ...fresh, follows: true });
    });

    it('has what follows go on from the checkpoint once it has begun', async () => {
      const first = await begin();
      await commitsOf(first);
      expect(await asked(first)).to.deep.equal({ ...fresh, begun: true });
      await fail(first);
      expect(await asked(await follow())).to.deep.equal({ follows: true });
    });

    it('begins anew once, though it was only frozen and begins while another waits to follow it', async () => {
      const first = await begin();
      await silence(first);
      const second = await follow();
      expect(await ends.listRevived(10)).to.deep.equal([]);
      await commitsOf(first);
      expect(await asked(second)).to.deep.equal({ follows: true });
      expect(await ends.takeBack((await ends.listRevived(10))[0]!)).to.equal(true);
    });

    it('begins anew once, though it was only frozen and is handed over while another waits to follow it', async () => {
      const first = await begin();
      await silence(first);
      const second = await follow();
      await tasks.handOver({ id: first, pipelineId: 45, progress: null, request: fresh });
      const waiting = await tasks.list({ status: taskStatus.queued, limit: 10, offset: 0 });
      expect(waiting.tasks.map(({ id }) => id)).to.deep.equal([second]);
      expect(await asked(second)).to.deep.equal(fresh);
    });

    it('has what a person starts begin anew, at once, and nothing once it was stopped', async () => {
      const first = await begin();
      await fail(first);
      await ends.judge(await unjudged(), { kind: 'again', inSeconds: 900, failures: 9 });
      const { queuedTaskId } = await wanted.start(45);
      expect(await asked(queuedTaskId)).to.deep.equal({ ...fresh, follows: true });
      await wanted.stop(45);
      expect(await asked((await wanted.start(45)).queuedTaskId)).to.deep.equal({});
    });

    it('has nothing begin anew at a time of a schedule where it ended before its pipeline was started', async () => {
      const { knex, dialect } = database;
      const first = await claim((await queueTask(database, 45, fresh)).taskId);
      await fail(first);
      const ended = { end_time: dialect.secondsAgo(knex, 60) };
      await database.write([knex('pipeline_task').where({ id: first }).update(ended)]);
      await wanted.stop(45);
      await wanted.start(45, { at: '2024-01-15 10:00:00', of: 'x', skipped: null });
      expect(await asked(await wanted.queueDue(45))).to.deep.equal({ follows: true });
    });

    describe('and behind which a task has held the pipeline that only delivers', () => {
      const completed = { status: taskStatus.succeeded, endReason: 'completed', error: null } as const;
      const handedOver = { ...completed, endReason: 'handed_over' };
      const slot = { at: '2024-01-15 10:00:00', of: 'x', skipped: null };
      /** A task that delivers, behind the one that held the pipeline. */
      const deliverBehind = async (holder: number): Promise<number> => {
        const taskId = (await wanted.queueDelivery(45)) ?? 0;
        return claim(taskId, { holder, asked: await new TaskQueue(database, 30).asked(taskId) });
      };
      /** One that runs, between two times of a schedule, and the one before it. */
      const deliver = async (): Promise<{ readonly first: number; readonly delivery: number }> => {
        const first = await begin();
        await fail(first);
        await ends.judge(await unjudged(), { kind: 'scheduled', slot });
        return { first, delivery: await deliverBehind(first) };
      };
      const forget = (): Promise<unknown> =>
        database.write([database.knex('pipeline_checkpoint').update({ task_id: null })]);

      it('begins anew at the time of the schedule, however often and however those end', async () => {
        for (const end of [completed, handedOver, null]) {
          let { delivery } = await deliver();
          expect((await tasks.get(delivery)).deliversOnly).to.equal(true);
          await tasks.finish(delivery, end ?? completed, null);
          delivery = await deliverBehind(delivery);
          await fail(delivery);
          delivery = await deliverBehind(delivery);
          if (end !== null) await tasks.finish(delivery, end, null);
          expect(await asked(await wanted.queueDue(45))).to.deep.equal({ ...fresh, follows: true });
          expect((await tasks.get(delivery)).status).to.equal(taskStatus.succeeded);
          await wanted.stop(45);
          await forget();
        }
      });

      it('begins anew at the time of the schedule though it failed while its pipeline waited for that, unjudged', async () => {
        const { taskId } = await queueTask(database, 45, fresh);
        await wanted.start(45, slot);
        const first = await claim(taskId);
        await database.write([
          database.knex('pipeline_wanted').update({ next_start: slot.at, next_start_of: slot.of }),
        ]);
        await fail(first);
        await deliverBehind(first);
        expect(await asked(await wanted.queueDue(45))).to.deep.equal({ ...fresh, follows: true });
      });

      it('begins anew though a person starts it once more while that task runs, or its definition was mended', async () => {
        const { delivery } = await deliver();
        await wanted.start(45, slot);
        expect((await tasks.get(delivery)).status).to.equal(taskStatus.running);
        await database.write(letGo(database, 45));
        expect(await asked(await wanted.queueDue(45))).to.deep.equal({ ...fresh, follows: true });
      });

      it('begins anew in what a restart has follow', async () => {
        await deliver();
        expect(await asked((await wanted.restart(45)).queuedTaskId)).to.deep.equal(fresh);
      });

      it('begins anew once, though it was only frozen and begins while that task is about to hold the pipeline', async () => {
        const first = await begin();
        await database.write([
          database.knex('pipeline_wanted').update({ next_start: slot.at, next_start_of: slot.of }),
        ]);
        await silence(first);
        const taskId = (await wanted.queueDelivery(45)) ?? 0;
        const request = { queuedTaskId: taskId, holder: first, asked: await new TaskQueue(database, 30).asked(taskId) };
        const replaces = { taskId: first, silentForSeconds: 90, reason: 'silent' };
        const late = new TaskStore(behindRead(() => commitsOf(first)));
        const claimed = late.claim(claimRequest({ ...request, replaces }));
        expect(await rejectionOf(claimed)).to.be.instanceOf(FenceError);
        await fail(first);
        await claim(taskId, request);
        expect(await asked(await wanted.queueDue(45))).to.deep.equal({ follows: true });
      });

      it('begins anew no more once that has begun, once another run has read, nor after a rewind or a stop', async () => {
        const { delivery } = await deliver();
        await tasks.finish(delivery, completed, null);
        const anew = await claim(await wanted.queueDue(45), { holder: delivery });
        await commitsOf(anew);
        await fail(anew);
        const second = await deliverBehind(anew);
        expect(await asked((await wanted.restart(45)).queuedTaskId)).to.deep.equal({});
        await wanted.stop(45);
        expect((await tasks.get(second)).endReason).to.equal('handed_over');

        await forget();
        const { delivery: before } = await deliver();
        await tasks.finish(before, completed, null);
        const other = await claim((await queueTask(database, 45, {})).taskId, { holder: before });
        await tasks.finish(other, completed, null);
        await tasks.finish(await deliverBehind(other), completed, null);
        expect(await asked(await wanted.queueDue(45))).to.deep.equal({ follows: true });
        await wanted.stop(45);

        await forget();
        await tasks.finish((await deliver()).delivery, completed, null);
        await forget();
        expect(await asked(await wanted.queueDue(45))).to.deep.equal({ follows: true });
        await wanted.stop(45);

        await forget();
        const { delivery: stopped } = await deliver();
        await wanted.stop(45);
        expect((await tasks.get(stopped)).endReason).to.equal('stopped');
        expect(await asked((await wanted.start(45)).queuedTaskId)).to.deep.equal({});
      });
    });

    it('begins anew in what a restart has follow, whether it ran, fell silent or had failed', async () => {
      for (const end of [() => Promise.resolve(), silence, fail]) {
        const first = await begin();
        await end(first);
        const { queuedTaskId } = await wanted.restart(45);
        expect(await asked(queuedTaskId)).to.deep.equal(fresh);
        await wanted.stop(45);
        await database.write([database.knex('pipeline_checkpoint').update({ task_id: null })]);
      }
    });

    it('goes on from the checkpoint after a restart once it has begun, and where it was stopped', async () => {
      const first = await begin();
      await commitsOf(first);
      expect(await asked((await wanted.restart(45)).queuedTaskId)).to.deep.equal({});
      await wanted.stop(45);
      await database.write([database.knex('pipeline_checkpoint').update({ task_id: null })]);
      await begin();
      await wanted.stop(45);
      expect(await asked((await wanted.restart(45)).queuedTaskId)).to.deep.equal({});
    });

    it('has nothing follow it where it was only frozen, and beats again before it has begun', async () => {
      const first = await begin();
      await silence(first);
      await follow();
      await ageTask(database, first, { created: 1_000, heartbeat: 0 });
      expect(await ends.takeBack((await ends.listRevived(10))[0]!)).to.equal(true);
      expect((await tasks.list({ status: taskStatus.queued, limit: 10, offset: 0 })).tasks).to.deep.equal([]);
    });

    it('is wished for no more where it ended well without a commit', async () => {
      const first = await begin();
      await tasks.finish(first, { status: taskStatus.succeeded, endReason: 'completed', error: null }, null);
      expect(await asked((await wanted.start(45)).queuedTaskId)).to.deep.equal({});
    });

    it('begins anew once, though it begins behind what a restart has read of it', async () => {
      const first = await begin();
      const racing = new WantedStore(
        behindRead(() => commitsOf(first)),
        30,
      );
      const { queuedTaskId } = await racing.restart(45);
      expect(queuedTaskId).to.be.a('number');
      expect(await asked(queuedTaskId)).to.deep.equal({});
    });

    it('begins anew once, though it begins behind what is read of it while another is queued to follow it', async () => {
      const first = await begin();
      await silence(first);
      expect(await ends.judge(await unjudged(), again)).to.equal(true);
      const racing = behindRead(async () => {
        await commitsOf(first);
        await silence(first);
      });
      expect(await new WantedStore(racing, 30).queueDue(45)).to.equal(null);
    });

    it('gives way to what a person asks for while what follows waits', async () => {
      await fail(await begin());
      const taskId = await follow();
      const request = { mode: 'historical', toBlock: 9 } as const;
      expect(await queueTask(database, 45, request)).to.deep.equal({ taskId, request, isNew: false });
      expect(await asked(taskId)).to.deep.equal(request);
    });
  });

  it('neither holds a pipeline nor ends its task for a definition that was replaced since it was read', async () => {
    const queue = new TaskQueue(database, 30);
    const pipelines = new PipelineStore(database);
    const source = { name: 's', type: 'event_monitor', config: {} };
    const mended: PipelineDefinition = {
      ...{ id: 45, name: 'mended', classificationId: null, description: null, timeoutMinutes: null },
      ...{ restart: null, schedule: null, timeZone: null, components: [source] },
    };
    const { queuedTaskId } = await wanted.start(45);
    const waiting = { taskId: queuedTaskId ?? 0, pipelineId: 45, shard: 0 };
    for (let round = 0; round < 2; round++) {
      const { definition } = await queue.asked(waiting.taskId);
      await pipelines.import(mended, { update: true });
      await queue.refuse(waiting, { reason: 'not JSON', definition });
      expect(await wanted.get(45)).to.include({ state: 'started', heldReason: null });
      expect(await statusOf(queuedTaskId)).to.equal(taskStatus.queued);
    }
    await queue.refuse(waiting, { reason: 'not JSON', definition: (await queue.asked(waiting.taskId)).definition });
    expect(await wanted.get(45)).to.include({ heldReason: 'not JSON' });
  });

  it('queues a task that delivers only, which reads too once the pipeline is started', async () => {
    const id = await wanted.queueDelivery(45);
    expect(await wanted.queueDelivery(45)).to.equal(null);
    const queue = new TaskQueue(database, 30);
    expect((await queue.asked(id ?? 0)).request).to.deep.equal({ deliverOnly: true });
    expect(await wanted.start(45)).to.include({ queuedTaskId: null });
    expect((await queue.asked(id ?? 0)).request).to.deep.equal({});
  });

  it('has a delivery end once something is to be read, for whoever waits for a receiver may wait for ever', async () => {
    const reads: Readonly<Record<string, () => Promise<number | null>>> = {
      start: async () => (await wanted.start(45)).queuedTaskId,
      run: async () => (await queueTask(database, 45, { toBlock: 100 })).taskId,
      schedule: async () => {
        const due = { next_start: '2020-01-01T00:00:00', state: 'started' };
        await database.write([database.knex('pipeline_wanted').where({ pipeline_id: 45 }).update(due)]);
        return wanted.queueDue(45);
      },
    };
    let holder: number | null = null;
    for (const [name, read] of Object.entries(reads)) {
      const id = await claim(await wanted.queueDelivery(45), { run: { deliverOnly: true }, holder });
      expect(await statusOf(id)).to.equal(taskStatus.running);
      const queuedTaskId = await read();
      expect(queuedTaskId, name).to.be.a('number');
      expect(await tasks.get(id), name).to.include({ status: taskStatus.succeeded, endReason: 'handed_over' });
      await tasks.cancel(queuedTaskId ?? 0);
      holder = id;
    }
  });

  it('leaves a delivery alone where a pipeline is started that waits for a time of its schedule', async () => {
    const slot = { at: '2099-01-01T00:00:00', of: '0 0 1 1 *', skipped: null };
    const id = await wanted.queueDelivery(45);
    await wanted.start(45, slot);
    expect((await new TaskQueue(database, 30).asked(id ?? 0)).request).to.deep.equal({ deliverOnly: true });
    expect(await wanted.get(45)).to.deep.include({ state: 'started', nextStart: slot.at });
    await claim(id, { run: { deliverOnly: true } });
    await wanted.start(45, slot);
    expect(await statusOf(id)).to.equal(taskStatus.running);
    expect(await wanted.get(45)).to.deep.include({ nextStart: slot.at });
  });

  it('queues a task beside one that lives to read a part, once the pipeline is started', async () => {
    const part = await queueTask(database, 46, { toBlock: 100 });
    await claim(part.taskId, { pipelineId: 46 });
    expect((await wanted.start(46)).queuedTaskId).to.be.a('number');
    await claim(null, { pipelineId: 47, run: { mode: 'historical' } });
    expect((await wanted.start(47)).queuedTaskId).to.be.a('number');
  });

  it('queues none beside one that was asked to begin anew, or to follow the chain', async () => {
    await claim(null, { run: { mode: 'realtime', fresh: true } });
    expect((await wanted.start(45)).queuedTaskId).to.equal(null);
  });

  it('tells of an end what its task was asked for', async () => {
    await wanted.start(45);
    await tasks.cancel((await queueTask(database, 45, {})).taskId);
    const id = await claim(null, { run: { toBlock: 100 } });
    await fail(id);
    await database.write([database.knex('pipeline_wanted').update({ state: 'started' })]);
    expect((await unjudged()).task).to.deep.include({ id, request: { toBlock: 100 } });
  });

  it('judges nothing of a pipeline that a person has stopped meanwhile', async () => {
    await startAndFail();
    const end = await unjudged();
    await wanted.stop(45);
    expect(await ends.judge(end, again)).to.equal(false);
    expect(await wanted.get(45)).to.include({ state: 'stopped', nextStart: null });
  });

  it('tells why a worker could not take the task that waits', async () => {
    const { queuedTaskId: id } = await wanted.start(45);
    await database.write([database.knex('pipeline_task').where({ id }).update({ waiting_for: 'no RPC URL' })]);
    expect(await wanted.get(45)).to.include({ waitingFor: 'no RPC URL' });
    await wanted.start(46);
    expect((await wanted.list()).map(({ pipelineId, waitingFor }) => [pipelineId, waitingFor])).to.deep.equal([
      [45, 'no RPC URL'],
      [46, null],
    ]);
  });
});
