import { expect } from 'chai';
import type { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { FenceError } from '../../../src/database/script.js';
import type { ClaimRequest } from '../../../src/database/tasks/claim-steps.js';
import type { TaskStore } from '../../../src/database/tasks/task-store.js';
import { DatabaseUnreachableError, LeaseHeldError } from '../../../src/runtime/errors.js';
import { claimTask, tellClaim } from '../../../src/tasks/lease/claim-task.js';
import type { ClaimedTask, ClaimOptions } from '../../../src/tasks/lease/claim-task.js';
import { OutageWatch } from '../../../src/tasks/monitor/outage-watch.js';
import { ageTask } from '../../database/aged-task.js';
import { eachDatabase } from '../../support/databases.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { openMigrated } from '../../support/migrated-database.js';
import { claimOptions, exampleWorker, storesOf } from '../run/task-fixture.js';
import { rejectionOf } from '../../support/rejection.js';

eachDatabase('a claim of a pipeline', (databases) => {
  let database: Database;
  let tasks: TaskStore;
  let checkpoints: CheckpointStore;
  let pipelineId = 300;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    [tasks, checkpoints] = storesOf(database);
  });
  beforeEach(() => (pipelineId += 1));
  after(() => database.close());

  const claim = (changes: Partial<ClaimOptions> = {}): Promise<ClaimedTask> =>
    claimTask(tasks, checkpoints, claimOptions({ pipelineId, ...changes }));
  const other = exampleWorker('there:2');
  const held = async (changes: Partial<ClaimOptions> = {}): Promise<LeaseHeldError> => {
    const error = await rejectionOf(claim(changes), LeaseHeldError);
    return error;
  };
  const endOf = async (id: number): Promise<unknown> => {
    const { status, endReason, error } = await tasks.get(id);
    return { status, endReason, error };
  };

  it('is told, with the change of a status that it brings', () => {
    const logger = new MemoryLogger();
    const options = { ...claimOptions({ pipelineId: 45 }), lang: 'en' } as const;
    tellClaim({ ...options, queuedTaskId: 7 }, { taskId: 7, replaced: null }, logger);
    tellClaim(options, { taskId: 8, replaced: null }, logger);
    expect(logger.messages()).to.deep.equal([
      'task 7: queued -> running',
      'task 7 runs pipeline 45 on here:1',
      'task 8 runs pipeline 45 on here:1',
    ]);
  });

  it('that nobody has is a new task', async () => {
    const { taskId, replaced } = await claim();
    expect(replaced).to.equal(null);
    expect(await tasks.get(taskId)).to.deep.include({
      status: 0,
      worker: 'here:1',
      workerIdentity: 'identity of here:1',
    });
    expect((await checkpoints.get(pipelineId)).taskId).to.equal(taskId);
  });

  it('whose task has ended leaves that as it is', async () => {
    const first = await claim();
    await tasks.cancel(first.taskId);
    const second = await claim({ worker: other });
    expect(second.replaced).to.equal(null);
    expect(await endOf(first.taskId)).to.deep.equal({ status: 1, endReason: 'stopped', error: null });
  });

  it('whose task is alive is refused, with who has it, where, since when, and its last beat', async () => {
    const { taskId } = await claim();
    await ageTask(database, taskId, { created: 500, heartbeat: 60 });
    const error = await held({ worker: other });
    const { createTime } = await tasks.get(taskId);
    expect(error.message).to.match(
      new RegExp(
        `^pipeline ${pipelineId} is held by task ${taskId} on here:1, running since ${createTime}, last heartbeat 6\\d s ago$`,
      ),
    );
    expect(error.hint).to.contain(`chainparse tasks cancel ${taskId}`).and.contain('--take-over');
    expect(error.exitCode).to.equal(4);
    expect(await endOf(taskId)).to.deep.equal({ status: 0, endReason: null, error: null });
  });

  it('is refused with how far the holder’s last beat lies ahead, where it does', async () => {
    const { taskId } = await claim();
    await ageTask(database, taskId, { created: 0, heartbeat: -3_600 });
    const { message } = await held({ worker: other });
    expect(message).to.match(/, last heartbeat 3(600|59\d) s ahead of the database's clock$/);
  });

  it('is judged by three of the holder’s own intervals', async () => {
    const { taskId } = await claim({ heartbeatIntervalSeconds: 100 });
    await ageTask(database, taskId, { created: 900, heartbeat: 290 });
    await held({ heartbeatIntervalSeconds: 1 });
    await ageTask(database, taskId, { created: 900, heartbeat: 302 });
    const { replaced, taskId: second } = await claim({ worker: other, heartbeatIntervalSeconds: 1 });
    expect(replaced?.id).to.equal(taskId);
    expect(second).to.be.greaterThan(taskId);
    const end = (await endOf(taskId)) as { error: string };
    expect(end).to.include({ status: 2, endReason: 'taken_over' });
    expect(end.error).to.match(/^taken over by there:2 after 30\d s of silence$/);
  });

  it('takes fractions of seconds up', async () => {
    const { taskId } = await claim({ heartbeatIntervalSeconds: 0.5 });
    await ageTask(database, taskId, { created: 9, heartbeat: 3 });
    expect((await claim({ worker: other })).replaced?.id).to.equal(taskId);
  });

  it('judges a task of an older program, without an interval, by the claimer’s', async () => {
    const { knex } = database;
    const row = { pipeline_id: pipelineId, status: 0, create_time: '2020-01-01 00:00:00' };
    const [inserted] = await database.write([knex('pipeline_task').insert(row)]);
    await ageTask(database, inserted!.insertId, { created: 25, heartbeat: null });
    const error = await held();
    expect(error.message).to.contain(`task ${inserted!.insertId}, running since`).and.contain('no heartbeat yet');
    expect((await claim({ heartbeatIntervalSeconds: 5 })).replaced?.id).to.equal(inserted!.insertId);
  });

  it('judges a task that never beat by its creation', async () => {
    const { taskId } = await claim();
    expect((await held({ worker: other })).message).to.match(/no heartbeat yet$/);
    await ageTask(database, taskId, { created: 95, heartbeat: null });
    expect((await claim({ worker: other })).replaced?.id).to.equal(taskId);
  });

  it('succeeds at once where the holder’s process was here and is gone', async () => {
    const { taskId } = await claim();
    await tasks.renew([{ taskId, progress: null }]);
    await held({ worker: exampleWorker('here:9', ['here:1 another identity']) });
    const { replaced } = await claim({ worker: exampleWorker('here:9', ['here:1 identity of here:1']) });
    expect(replaced?.id).to.equal(taskId);
    expect(await endOf(taskId)).to.include({ error: 'taken over by here:9: the process here:1 is gone' });
  });

  it('succeeds with --take-over, however alive the holder is', async () => {
    const { taskId } = await claim();
    await tasks.renew([{ taskId, progress: null }]);
    await claim({ worker: other, takeOver: true });
    expect(await endOf(taskId)).to.include({ error: 'taken over by there:2 (--take-over)' });
    expect(await tasks.renew([{ taskId, progress: null }])).to.deep.equal([taskId]);
  });

  it('has exactly one winner where two race', async () => {
    const race = async (): Promise<void> => {
      const outcomes = await Promise.allSettled([claim(), claim({ worker: other })]);
      const winners = outcomes.filter(({ status }) => status === 'fulfilled');
      expect(winners).to.have.length(1);
      const loser = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(loser?.reason).to.be.instanceOf(LeaseHeldError);
      const { tasks: all } = await tasks.list({ pipelineId, status: 0, limit: 9, offset: 0 });
      expect(all.map(({ id }) => id)).to.deep.equal([(await checkpoints.get(pipelineId)).taskId]);
    };
    await race();
    // And over a silent task.
    await ageTask(database, (await checkpoints.get(pipelineId)).taskId!, { created: 900, heartbeat: 900 });
    await race();
  });

  it('judges anew where the holder beats in between', async () => {
    const { taskId } = await claim();
    await ageTask(database, taskId, { created: 900, heartbeat: 900 });
    const judged = async (id: number): Promise<Awaited<ReturnType<TaskStore['getNewest']>>> => {
      const newest = await tasks.getNewest(id);
      await tasks.renew([{ taskId, progress: null }]);
      return newest;
    };
    const racing = { getNewest: judged, claim: tasks.claim.bind(tasks) } as unknown as TaskStore;
    await rejectionOf(claimTask(racing, checkpoints, claimOptions({ pipelineId, worker: other })), LeaseHeldError);
  });

  const queued = async (): Promise<number> => {
    const { knex, dialect } = database;
    const row = { pipeline_id: pipelineId, status: 3, create_time: dialect.now(knex), log_path: '' };
    const [inserted] = await database.write([knex('pipeline_task').insert(row)]);
    return inserted!.insertId;
  };

  it('of a task that waits, and was asked for something else since it was read, is refused, and it still waits', async () => {
    const queuedTaskId = await queued();
    const asked = { request: {}, runOptions: '{"toBlock":9}', definition: 0 };
    const error = await held({ queuedTaskId, asked });
    expect(error.message).to.equal(`task ${queuedTaskId} is not as it was found any more: it is queued`);
    expect((await claim({ queuedTaskId, asked: { ...asked, runOptions: null } })).taskId).to.equal(queuedTaskId);
  });

  it('of a task that waits ends no silent task while nobody knows what silence means, unless its process is gone', async () => {
    const { taskId } = await claim();
    await ageTask(database, taskId, { created: 900, heartbeat: 900 });
    const queuedTaskId = await queued();
    const clock = new FakeClock();
    const outages = new OutageWatch({ clock, heartbeatIntervalMs: 30_000 });
    const probe = (): unknown => outages.probeAnswered({ now: '2024-01-15 10:00:00', uptimeSeconds: null });
    outages.failed(new DatabaseUnreachableError('away'));
    const error = await held({ worker: other, queuedTaskId, outages });
    expect(error.message).to.contain(`is held by task ${taskId} on here:1`);
    probe();
    await held({ worker: other, queuedTaskId, outages });
    expect(await endOf(taskId)).to.include({ status: 0 });
    await clock.advance(90_000);
    const { replaced } = await claim({ worker: other, queuedTaskId, outages });
    expect(replaced?.id, 'three heartbeat intervals later').to.equal(taskId);
    outages.failed(new DatabaseUnreachableError('away'));
    const gone = exampleWorker('there:3', ['there:2 identity of there:2']);
    expect((await claim({ worker: gone, outages })).replaced?.id).to.equal(queuedTaskId);
  });

  it('ends no silent task before three of its own beats could be heard, which may be rarer than those of this process', async () => {
    const { taskId } = await claim({ heartbeatIntervalSeconds: 60 });
    await ageTask(database, taskId, { created: 900, heartbeat: 900 });
    const queuedTaskId = await queued();
    const clock = new FakeClock();
    const outages = new OutageWatch({ clock, heartbeatIntervalMs: 30_000 });
    outages.failed(new DatabaseUnreachableError('away'));
    outages.probeAnswered({ now: '2024-01-15 10:00:00', uptimeSeconds: null });
    await clock.advance(179_999);
    await held({ worker: other, queuedTaskId, outages });
    await clock.advance(1);
    expect((await claim({ worker: other, queuedTaskId, outages })).replaced?.id).to.equal(taskId);
  });

  describe('whose answer is lost', () => {
    const away = (): Promise<never> => Promise.reject(new DatabaseUnreachableError('the connection was lost'));
    const unheard: ClaimOptions['claims'] = { claim: (request) => tasks.claim(request).then(away) };

    it('is looked up, and gone on with, where a task had waited', async () => {
      await checkpoints.get(pipelineId);
      const queuedTaskId = await queued();
      expect(await claim({ queuedTaskId, claims: unheard })).to.deep.equal({ taskId: queuedTaskId, replaced: null });
      expect(await tasks.get(queuedTaskId)).to.deep.include({ status: 0, worker: 'here:1' });
    });

    it('is looked up, and gone on with, where it made a task and ended another', async () => {
      const { taskId: first } = await claim({ worker: other });
      const { taskId, replaced } = await claim({ takeOver: true, claims: unheard });
      expect(replaced?.id).to.equal(first);
      expect((await checkpoints.get(pipelineId)).taskId).to.equal(taskId);
      expect(taskId).to.be.greaterThan(first);
    });

    it('is looked up until the database answers', async () => {
      await checkpoints.get(pipelineId);
      const queuedTaskId = await queued();
      let looks = 0;
      const late = {
        getNewest: tasks.getNewest.bind(tasks),
        get: (id: number) => ((looks += 1) <= 2 ? away() : tasks.get(id)),
      } as unknown as TaskStore;
      const options = claimOptions({ pipelineId, queuedTaskId, claims: unheard, heartbeatIntervalSeconds: 0.001 });
      expect((await claimTask(late, checkpoints, options)).taskId).to.equal(queuedTaskId);
      expect(looks).to.equal(3);
    });

    it('is none where it did not land, or another process holds the task', async () => {
      await checkpoints.get(pipelineId);
      await rejectionOf(claim({ claims: { claim: away } }), DatabaseUnreachableError);
      const queuedTaskId = await queued();
      await rejectionOf(claim({ queuedTaskId, claims: { claim: away } }), DatabaseUnreachableError);
      const taken = (request: ClaimRequest): Promise<never> =>
        tasks.claim({ ...request, worker: 'there:2' }).then(away);
      await rejectionOf(claim({ queuedTaskId, claims: { claim: taken } }), DatabaseUnreachableError);
      expect(await tasks.get(queuedTaskId)).to.deep.include({ status: 0, worker: 'there:2' });
    });

    it('is none where a task of this process that it was to replace runs on', async () => {
      await claim();
      await rejectionOf(claim({ takeOver: true, claims: { claim: away } }), DatabaseUnreachableError);
    });

    it('is not looked up for ever by a process that is to stop', async () => {
      const clock = new FakeClock();
      const stopping = new AbortController();
      let get: TaskStore['get'] = () => new Promise(() => undefined);
      const asked = new Promise<null>((resolve) => {
        const hang = get;
        get = (id) => (resolve(null), hang(id));
      });
      const silent = { getNewest: tasks.getNewest.bind(tasks), get } as unknown as TaskStore;
      const claims = { claim: away };
      const options = claimOptions({ pipelineId, queuedTaskId: 1, claims, clock, stopping: stopping.signal });
      const lost = rejectionOf(claimTask(silent, checkpoints, options), DatabaseUnreachableError);
      await asked;
      stopping.abort();
      await clock.advance(3_000);
      expect((await lost).message).to.equal('the connection was lost');
    });
  });

  it('gives up where fences never hold', async () => {
    let claims = 0;
    const fenced = {
      getNewest: () => Promise.resolve(null),
      claim: () => {
        claims += 1;
        return Promise.reject(new FenceError());
      },
    } as unknown as TaskStore;
    await rejectionOf(claimTask(fenced, checkpoints, claimOptions({ pipelineId })), FenceError);
    expect(claims).to.equal(10);
  });
});
