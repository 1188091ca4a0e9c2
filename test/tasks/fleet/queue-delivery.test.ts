import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { EndStore } from '../../../src/database/pipelines/end-store.js';
import { WantedStore } from '../../../src/database/pipelines/wanted-store.js';
import { DeadLetterStore } from '../../../src/database/sinks/dead-letter-store.js';
import { SinkStore } from '../../../src/database/sinks/sink-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { TaskQueue } from '../../../src/database/tasks/task-queue.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { MessageRefusedError } from '../../../src/components/seam/delivery-errors.js';
import type { RunRequest } from '../../../src/model/run-request.js';
import { taskStatus } from '../../../src/model/task.js';
import { followDelivery, listServed, queueDelivery } from '../../../src/tasks/fleet/queue-delivery.js';
import type { OpenableSink } from '../../../src/tasks/outbox/openable-sink.js';
import { requestReplay } from '../../../src/tasks/outbox/request-replay.js';
import type { TaskOptions, TaskResult } from '../../../src/tasks/run/task-options.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { claimRequest } from '../../database/claim-request.js';
import { exampleBatch } from '../../database/example-batch.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { noMore, OutboxRuns, type Send } from '../outbox/outbox-fixture.js';
import { RecordingSink } from '../outbox/recording-sink.js';

eachDatabase('what the sinks of a pipeline are asked in the last moments of its run', (databases) => {
  const pipelineId = 45;
  /** A time of a schedule that has yet to come. */
  const slot = { at: '2099-01-01T00:00:00', of: '0 0 1 1 *', skipped: null };
  let database: Database;
  let wanted: WantedStore;
  let ends: EndStore;
  let runs: OutboxRuns;
  let sinks: Record<'one' | 'two', RecordingSink>;
  /** Called once all is delivered, before the task has ended. */
  let atEnd: () => Promise<unknown>;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    wanted = new WantedStore(database, 30);
    ends = new EndStore(database, 30);
  });
  beforeEach(async () => {
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    const tables = ['event', 'pipeline_commit', 'pipeline_sink', 'sink_dead_letter', 'pipeline_checkpoint'];
    await database.write([
      ...[...tables, 'recent_block', 'pipeline_wanted', 'pipeline_task', 'pipeline'].map((table) =>
        knex(table).delete(),
      ),
      knex('pipeline').insert({ id: pipelineId, name: 'p', create_time: now, update_time: now, disabled: 0 }),
    ]);
    runs = new OutboxRuns(database, pipelineId);
    sinks = { one: new RecordingSink(), two: new RecordingSink() };
    atEnd = () => Promise.resolve();
  });
  after(() => database.close());

  const openables = (): readonly OpenableSink[] => {
    const two = sinks.two.openable({ name: 'two' });
    const open: OpenableSink['open'] = async () => {
      const opened = await two.open();
      const close = (): Promise<void> => atEnd().then(() => undefined);
      return { ...opened, sink: { deliver: opened.sink.deliver.bind(opened.sink), close } };
    };
    return [sinks.one.openable({ name: 'one' }), { ...two, open }];
  };
  // The end of a sink is waited for in real time.
  const run = (send: Send, changes: Partial<TaskOptions> = {}): Promise<TaskResult> =>
    runs.run(openables(), send, { clock: systemClock, ...changes });
  const read = (): Promise<TaskResult> =>
    run(async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 2);
    });
  const ask = async (name: string): Promise<number | null> => {
    await requestReplay(database, { pipelineId, name }, 1);
    return queueDelivery(database, pipelineId, 30);
  };
  /** Runs the task that waits, as a worker does; returns what it was asked for, null where none waits. */
  const runWaiting = async (): Promise<RunRequest | null> => {
    const queue = new TaskQueue(database, 30);
    const [waiting] = await queue.listClaimable(10, []);
    if (waiting === undefined) return null;
    const { request } = await queue.asked(waiting.taskId);
    await run(noMore, { queuedTaskId: waiting.taskId, run: request });
    return request;
  };

  it('is done by a task that waits as soon as that has ended, and by one more of what is asked while it delivers', async () => {
    atEnd = () => ask('one');
    await read();
    expect(sinks.one.lines).to.have.length(2);
    let taskId: number | null = 0;
    atEnd = async () => (taskId = await ask('two'));
    expect(await runWaiting()).to.deep.equal({ deliverOnly: true });
    expect(taskId, 'a task that lives').to.equal(null);
    expect([sinks.one.lines.length, sinks.two.lines.length]).to.deep.equal([4, 2]);
    atEnd = () => Promise.resolve();
    expect(await runWaiting()).to.deep.equal({ deliverOnly: true });
    expect([sinks.one.lines.length, sinks.two.lines.length]).to.deep.equal([4, 4]);
    expect(await runWaiting(), 'nothing was asked').to.equal(null);
  });

  it('is done so, too, where dead letters are to be tried again', async () => {
    sinks.one.receives = () => {
      throw new MessageRefusedError('400');
    };
    const letters = new DeadLetterStore(database);
    atEnd = () => letters.retry({ pipelineId, sink: 'one' }, 'all');
    await read();
    atEnd = () => Promise.resolve();
    expect(await runWaiting(), 'they are refused again').to.deep.equal({ deliverOnly: true });
    expect(await runWaiting()).to.equal(null);
    await letters.retry({ pipelineId, sink: 'one' }, 'all');
    sinks.one.receives = () => undefined;
    await run(noMore);
    expect(sinks.one.lines).to.have.length(2);
    expect(await runWaiting()).to.equal(null);
  });

  it('is done so, too, where a sink is resumed, and not where it is paused', async () => {
    const store = new SinkStore(database);
    const one = { name: 'one', type: 'recording' };
    await store.setPaused(pipelineId, one, true);
    atEnd = () => requestReplay(database, { pipelineId, name: 'one' }, 1);
    await read();
    expect(await runWaiting()).to.equal(null);
    atEnd = () => store.setPaused(pipelineId, one, false);
    await run(noMore);
    atEnd = () => Promise.resolve();
    expect(sinks.one.lines).to.deep.equal([]);
    expect(await runWaiting()).to.deep.equal({ deliverOnly: true });
    expect(sinks.one.lines).to.have.length(2);
    expect(await runWaiting()).to.equal(null);
  });

  it('has no task of its own where the pipeline is disabled or kept running', async () => {
    const pipelines = new PipelineStore(database);
    atEnd = async () => {
      await requestReplay(database, { pipelineId, name: 'one' }, 1);
      await pipelines.setDisabled(pipelineId, true);
    };
    await read();
    await pipelines.setDisabled(pipelineId, false);
    expect(await runWaiting()).to.equal(null);
    atEnd = () => ask('one');
    await wanted.start(pipelineId);
    expect(await runWaiting()).to.deep.equal({});
    expect(await runWaiting()).to.equal(null);
  });

  it('is done at once between two times of a schedule, and what reads waits for its time all the same', async () => {
    await read();
    await wanted.start(pipelineId, slot);
    const before = await wanted.get(pipelineId);
    expect(await ask('one')).to.be.a('number');
    atEnd = () => ask('two');
    expect(await runWaiting()).to.deep.equal({ deliverOnly: true });
    atEnd = () => Promise.resolve();
    expect(await runWaiting(), 'asked while it delivered').to.deep.equal({ deliverOnly: true });
    expect([sinks.one.lines.length, sinks.two.lines.length]).to.deep.equal([4, 4]);
    expect(await runWaiting()).to.equal(null);
    expect(before).to.include({ state: 'started', isScheduled: true });
    expect(await wanted.get(pipelineId)).to.deep.equal(before);
    expect(await ends.listUnjudged(0, 10)).to.deep.equal([]);
  });

  it('is gone on with soon where its task dies between two times, later each time, as long as something is to come', async () => {
    await read();
    await wanted.start(pipelineId, slot);
    await ask('one');
    const { knex, dialect } = database;
    const ended = (seconds: number): Promise<unknown> =>
      database.write([
        knex('pipeline_task')
          .where({ status: taskStatus.failed })
          .update({ end_time: dialect.secondsAgo(knex, seconds) }),
      ]);
    const follow = async (): Promise<number | null> => {
      const [end] = await ends.listDroppedDeliveries(0, 10);
      return end === undefined ? null : followDelivery(database, end, 30);
    };
    const { taskId: id } = (await new TaskQueue(database, 30).listClaimable(10, []))[0]!;
    expect(await follow(), 'it waits').to.equal(null);
    const die = async (taskId: number): Promise<void> => {
      const tasks = new TaskStore(database);
      const { taskId: holder } = await new CheckpointStore(database).get(pipelineId);
      await tasks.claim(claimRequest({ pipelineId, queuedTaskId: taskId, holder }));
      expect(await follow(), 'it lives').to.equal(null);
      await tasks.finish(taskId, { status: taskStatus.failed, endReason: 'error', error: 'oh' }, null);
    };
    await die(id);
    await ended(3);
    expect(await follow()).to.equal(null);
    await ended(6);
    const second = await follow();
    expect(second).to.be.a('number');
    expect(await follow(), 'one waits').to.equal(null);
    await die(second!);
    await ended(8);
    expect(await follow(), 'the second time').to.equal(null);
    await ended(11);
    expect(await follow()).to.be.a('number');
    expect(await runWaiting()).to.deep.equal({ deliverOnly: true });
    expect(await ends.listDroppedDeliveries(0, 10), 'it has ended well').to.deep.equal([]);
    expect(await wanted.get(pipelineId)).to.include({ state: 'started', isScheduled: true, nextStart: slot.at });
    await ask('one');
    await die((await new TaskQueue(database, 30).listClaimable(10, []))[0]!.taskId);
    await new SinkStore(database).setPaused(pipelineId, await runs.standing('one'), true);
    await ended(60);
    expect(await follow(), 'nothing is to come while it is paused').to.equal(null);
  });

  it('is done once a run at a time of a schedule has ended, though the next one waits', async () => {
    const { queuedTaskId } = await wanted.start(pipelineId);
    await run(noMore, { queuedTaskId: queuedTaskId ?? undefined });
    const [end] = await ends.listUnjudged(0, 10);
    const served = await listServed(database, pipelineId);
    await requestReplay(database, { pipelineId, name: 'two' }, 1);
    expect(await ends.judge(end!, { kind: 'scheduled', slot }, served)).to.equal(true);
    expect(await runWaiting()).to.deep.equal({ deliverOnly: true });
    expect(await runWaiting()).to.equal(null);
  });

  it('is done once whoever kept the pipeline running wants no more of it, with what is asked while that is judged', async () => {
    const { queuedTaskId } = await wanted.start(pipelineId);
    await run(noMore, { queuedTaskId: queuedTaskId ?? undefined });
    const [end] = await ends.listUnjudged(0, 10);
    const served = await listServed(database, pipelineId);
    expect(served.map(({ name }) => name)).to.deep.equal(['one', 'two']);
    expect(await ask('two'), 'a started pipeline').to.equal(null);
    expect((await listServed(database, pipelineId)).map(({ name }) => name)).to.deep.equal(['one']);
    expect(await ends.judge(end!, { kind: 'done' }, served)).to.equal(true);
    expect((await new TaskQueue(database, 30).listClaimable(10, [])).length).to.equal(1);
    expect(await ends.judge(end!, { kind: 'done' }, []), 'judged already').to.equal(false);
  });
});
