import { expect } from 'chai';
import type { SourceContext } from '../../../src/components/seam/source.js';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import type { Beat } from '../../../src/database/tasks/task-rows.js';
import { TaskQueue } from '../../../src/database/tasks/task-queue.js';
import type { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { SourceMessage } from '../../../src/model/batch.js';
import type { Progress, Task } from '../../../src/model/task.js';
import {
  ChainUnreachableError,
  DatabaseUnreachableError,
  LeaseHeldError,
  LeaseLostError,
  PipelineDeletedError,
} from '../../../src/runtime/errors.js';
import type { Logger } from '../../../src/runtime/logger.js';
import type { LivenessEvent } from '../../../src/model/liveness-event.js';
import { BeatRounds } from '../../../src/tasks/run/beat-rounds.js';
import { runTask } from '../../../src/tasks/run/run-task.js';
import type { TaskOptions, TaskResult } from '../../../src/tasks/run/task-options.js';
import { giveAnew } from '../../database/given-anew.js';
import { exampleBatch, hashOf } from '../../database/example-batch.js';
import { eachDatabase, createDatabase, eachServer } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { eventually, within } from '../../support/within.js';
import { ScriptedSource } from '../../pipeline/pipeline-fixture.js';
import { claimOptions, exampleWorker, plainRun, storesOf } from './task-fixture.js';
import { rejectionOf } from '../../support/rejection.js';

type Send = (context: SourceContext, start: number) => AsyncGenerator<SourceMessage, void, undefined>;

/** Starts tasks whose source is a function of the test, and can stop them. */
class Runs {
  readonly lines: string[] = [];
  readonly shown: [events: number, hasBeaten: boolean][] = [];
  stopping = new AbortController();
  hard = new AbortController();
  begun: Task | undefined;

  start(database: Database, pipelineId: number, send: Send, changes: Partial<TaskOptions> = {}): Promise<TaskResult> {
    const logger: Logger = { log: (_level, message) => this.lines.push(message) };
    return runTask({
      ...claimOptions({ pipelineId, heartbeatIntervalSeconds: 0.2 }),
      database,
      ...plainRun,
      begin: (task) => {
        this.begun = task;
        return Promise.resolve({ source: new ScriptedSource(send), logger });
      },
      onProgress: ({ events }, beatAt) => this.shown.push([events, beatAt() !== null]),
      mask: (text) => text.replaceAll('secret99', '***'),
      stopping: this.stopping.signal,
      signal: this.hard.signal,
      ...changes,
    });
  }
}

/** Sends two blocks, and then polls as a source that follows the head does. */
async function* follow(context: SourceContext): AsyncGenerator<SourceMessage> {
  const { stopping, signal, clock } = context;
  yield exampleBatch(1, 2);
  while (!stopping.aborted) {
    await clock.sleep(5, signal);
    await context.moved({ headBlock: 3 });
  }
}

async function* fail(): AsyncGenerator<SourceMessage> {
  yield exampleBatch(1, 2);
  await Promise.resolve();
  throw new ChainUnreachableError('no answer from https://node/secret99');
}

eachDatabase('a task that runs', (databases) => {
  let database: Database;
  let tasks: TaskStore;
  let runs: Runs;
  let pipelineId = 600;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    [tasks] = storesOf(database);
  });
  beforeEach(() => {
    pipelineId += 1;
    runs = new Runs();
  });
  after(() => database.close());

  const start = (send: Send, changes: Partial<TaskOptions> = {}): Promise<TaskResult> =>
    runs.start(database, pipelineId, send, changes);
  const failure = (work: Promise<unknown>): Promise<unknown> => rejectionOf(within(15_000, work, () => 'it hangs'));
  const end = async (): Promise<unknown> => {
    const { status, endReason, error, progress } = await tasks.get(runs.begun!.id);
    return { status, endReason, error, events: progress?.events };
  };
  /** The database with another way to write. */
  const writingWith = (write: Database['write']): Database =>
    new Proxy(database, {
      get: (target, key) => {
        const value: unknown = key === 'write' ? write : Reflect.get(target, key, target);
        return typeof value === 'function' && key !== 'knex' ? (value.bind(target) as unknown) : value;
      },
    });
  const committed = (): Promise<unknown> => eventually('a commit', () => runs.shown.some(([events]) => events === 2));

  it('has its source tell often enough that it moves, however soon it would count as hung', async () => {
    const quiet: unknown[] = [];
    for (const stallAfterSeconds of [0.8, 300]) {
      const send: Send = async function* ({ quietMs }) {
        quiet.push(quietMs);
        await Promise.resolve();
      };
      await start(send, { stallAfterSeconds });
    }
    expect(quiet).to.deep.equal([100, 5_000]);
  });

  it('ends as completed when its source is done', async () => {
    const result = await start(async function* () {
      yield exampleBatch(1, 2);
      await Promise.resolve();
    });
    expect(result.task).to.deep.include({ id: runs.begun?.id, status: 1, endReason: 'completed', error: null });
    expect(result.progress).to.deep.include({ nextBlock: 3, events: 2 });
    expect(result.task.progress).to.deep.equal(result.progress);
    expect(await end()).to.deep.equal({ status: 1, endReason: 'completed', error: null, events: 2 });
    expect(runs.begun).to.deep.include({ status: 0, lastHeartbeat: null, worker: 'here:1' });
    expect(runs.shown.at(-1)).to.deep.equal([2, true]);
    expect(runs.lines[0]).to.equal(`task ${runs.begun!.id} runs pipeline ${pipelineId} on here:1`);
    expect(runs.lines.at(-1)).to.equal(`task ${runs.begun!.id}: running -> succeeded (completed)`);
  });

  it('says with its first commit that it has begun anew as it was asked to, and one that goes on says nothing', async () => {
    const optionsOf = async ({ id }: Task): Promise<unknown> => (await new TaskQueue(database, 30).asked(id)).request;
    const send: Send = async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 2);
      yield exampleBatch(3, 3);
    };
    const { task } = await start(send, { run: { fresh: true, toBlock: 3 } });
    expect(await optionsOf(task)).to.deep.equal({ fresh: true, toBlock: 3, begun: true });
    const nothing = await start(() => (async function* () {})(), { run: { fresh: true } });
    expect(await optionsOf(nothing.task)).to.deep.equal({ fresh: true });
    const next = await start(async function* () {
      await Promise.resolve();
      yield exampleBatch(4, 4);
    });
    expect(await optionsOf(next.task)).to.deep.equal({});
  });

  it('whose commits do not land says that nobody knows how far it is behind, until they do', async () => {
    const seen: Progress[] = [];
    const lagKnown = (): boolean => seen.at(-1)?.lagUnknownSeconds === undefined;
    let isLocked = false;
    const write = database.write.bind(database);
    const locked = new DatabaseUnreachableError('a lock', { hint: 'see' });
    database.write = (...args) => (isLocked ? Promise.reject(locked) : write(...args));
    const send: Send = async function* (context) {
      await context.moved({ headBlock: 3 });
      yield exampleBatch(1, 2);
      isLocked = true;
      yield exampleBatch(3, 3);
      while (!context.stopping.aborted) {
        await context.clock.sleep(5, context.signal);
        await context.moved();
      }
    };
    const observe = (event: LivenessEvent): unknown => event.kind === 'progressed' && seen.push(event.progress);
    const run = start(send, { mode: 'realtime', observe });
    const since = async (): Promise<unknown> => (await tasks.get(runs.begun!.id)).progress?.lagUnknownSince;
    await eventually('it is told', () => seen.length > 0 && !lagKnown());
    expect(await since()).to.match(/^\d{4}-\d\d-\d\dT/);
    expect(runs.lines.filter((line) => line.includes(': a lock (see)'))).to.have.length(1);
    database.write = write;
    await eventually('it is over', lagKnown);
    await eventually('its row says so', async () => (await since()) === undefined);
    expect(runs.lines.filter((line) => line.startsWith('the database lets the work go on'))).to.have.length(1);
    runs.stopping.abort();
    expect((await run).task.progress).to.include({ nextBlock: 4, headBlock: 3 });
  });

  it('tells an observer that it begins, of commits, rollbacks and progress, and at last that it has ended', async () => {
    const events: LivenessEvent[] = [];
    const send: Send = async function* () {
      yield exampleBatch(1, 2);
      yield { kind: 'rollback', ancestor: { number: 1, hash: hashOf('block 1') } };
      await Promise.resolve();
    };
    const { task } = await start(send, { observe: (event) => void events.push(event) });
    await eventually('its end', () => events.at(-1)?.kind === 'ended');
    const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'beat_landed');
    expect(kinds).to.deep.equal(['began', 'committed', 'progressed', 'taken_back', 'progressed', 'ended']);
    expect(events.find(({ kind }) => kind === 'committed')).to.deep.include({ taskId: task.id, pipelineId, events: 2 });
  });

  it('tells nobody of a beat that its own end overtakes', async () => {
    const events: LivenessEvent[] = [];
    let sent = (): void => undefined;
    const beat = new Promise<void>((resolve) => (sent = resolve));
    const held = {
      listEnded: tasks.listEnded.bind(tasks),
      renew: async (beats: readonly Beat[]) => {
        sent();
        await eventually('the end', async () => (await tasks.get(beats[0]!.taskId)).status !== 0);
        return tasks.renew(beats);
      },
    };
    const rounds = new BeatRounds({ tasks: held, clock: plainRun.clock });
    const send: Send = async function* () {
      yield exampleBatch(1, 2);
      await beat;
    };
    await start(send, { rounds, observe: (event) => void events.push(event) });
    await eventually('its end', () => events.at(-1)?.kind === 'ended');
    expect(events.map(({ kind }) => kind)).to.deep.equal(['began', 'committed', 'progressed', 'ended']);
  });

  it('ends as stopped when it is told to stop, with what it had committed', async () => {
    const run = start(follow);
    await committed();
    runs.stopping.abort();
    expect((await run).task).to.deep.include({ status: 1, endReason: 'stopped' });
    expect(runs.lines.at(-1)).to.match(/running -> succeeded \(stopped\)$/);
  });

  it('ends as stopped also where a call in the air had to be dropped', async () => {
    const run = start(async function* ({ clock, signal }) {
      yield exampleBatch(1, 2);
      await clock.sleep(60_000, signal);
    });
    await committed();
    runs.stopping.abort();
    runs.hard.abort(new Error('stopped by SIGTERM'));
    expect((await run).task).to.deep.include({ status: 1, endReason: 'stopped', error: null });
  });

  it('beats as it runs', async () => {
    const run = start(follow);
    await eventually('three beats', () => runs.lines.filter((line) => line.startsWith('heartbeat: ')).length >= 3);
    runs.stopping.abort();
    await run;
  });

  it('ends as failed with the reason and the error, without its secrets, and throws it', async () => {
    const error = await failure(start(fail, { lang: 'zh' }));
    expect(error).to.be.instanceOf(ChainUnreachableError);
    expect(await end()).to.deep.equal({
      status: 2,
      endReason: 'chain_unreachable',
      error: 'no answer from https://node/***',
      events: 2,
    });
    expect(runs.lines.at(-1)).to.equal(`任务 ${runs.begun!.id}: 正在运行 -> 失败 (chain_unreachable)`);
  });

  it('has ended itself where the answer of that was lost, and its error is kept otherwise than it was told', async () => {
    let isLost = false;
    const write: Database['write'] = async (steps, sent) => {
      const results = await database.write(steps, sent);
      if (!isLost) return results;
      isLost = false;
      throw new DatabaseUnreachableError('the answer is lost');
    };
    const told = new ChainUnreachableError(`\0${'no answer '.repeat(2_000)}`);
    const send: Send = async function* () {
      await Promise.resolve();
      isLost = true;
      throw told;
    };
    expect(await failure(start(send, { database: writingWith(write) }))).to.equal(told);
    const { status, endReason, error } = await tasks.get(runs.begun!.id);
    expect({ status, endReason }).to.deep.equal({ status: 2, endReason: 'chain_unreachable' });
    expect(error).to.have.length(16_000);
  });

  it('ends as failed where it can’t even begin', async () => {
    const begin = (task: Task): Promise<never> => {
      runs.begun = task;
      return Promise.reject(new TypeError('no log'));
    };
    expect(await failure(start(follow, { begin }))).to.be.instanceOf(TypeError);
    expect(await end()).to.deep.equal({ status: 2, endReason: 'error', error: 'no log', events: undefined });
  });

  it('ends as failed where it can’t even begin, once a database that is away meanwhile is back', async () => {
    let lost = 0;
    const write: Database['write'] = (steps) =>
      runs.begun !== undefined && (lost += 1) <= 2
        ? Promise.reject(new DatabaseUnreachableError('it is away'))
        : database.write(steps);
    const begin = (task: Task): Promise<never> => {
      runs.begun = task;
      return Promise.reject(new TypeError('no log'));
    };
    expect(await failure(start(follow, { begin, database: writingWith(write) }))).to.be.instanceOf(TypeError);
    expect(lost).to.equal(3);
    expect(await end()).to.deep.equal({ status: 2, endReason: 'error', error: 'no log', events: undefined });
  });

  it('fails also while it is told to stop, where the error is a real one', async () => {
    const run = failure(
      start(async function* () {
        yield exampleBatch(1, 2);
        await Promise.resolve();
        throw new RangeError('real');
      }),
    );
    runs.stopping.abort();
    expect(await run).to.be.instanceOf(RangeError);
    expect(await end()).to.deep.include({ status: 2, endReason: 'error' });
  });

  it('that a person cancels ends well', async () => {
    const run = start(follow);
    await committed();
    await tasks.cancel(runs.begun!.id);
    const { task, progress } = await within(5_000, run, () => 'it does not notice');
    expect(task).to.deep.include({ status: 1, endReason: 'stopped' });
    expect(progress.events).to.equal(2);
    expect(runs.lines.slice(-2)).to.deep.equal([
      `task ${task.id}: running -> succeeded (stopped)`,
      `task ${task.id} was cancelled`,
    ]);
  });

  it('that a person cancels while it fails ends well', async () => {
    const { task } = await start(async function* () {
      yield exampleBatch(1, 2);
      await tasks.cancel(runs.begun!.id);
      throw new RangeError('at the same time');
    });
    expect(task).to.deep.include({ status: 1, endReason: 'stopped' });
  });

  it('that another takes over stops, and says why', async () => {
    const run = failure(start(follow));
    await committed();
    const first = runs.begun!.id;
    const second = start(
      async function* () {
        yield exampleBatch(3, 4);
        await Promise.resolve();
      },
      { takeOver: true, worker: exampleWorker('there:2') },
    );
    const error = (await run) as LeaseLostError;
    expect(error).to.be.instanceOf(LeaseLostError);
    expect(error.message).to.equal(
      `task ${first} lost its lease on pipeline ${pipelineId} (taken_over: taken over by there:2 (--take-over))`,
    );
    expect(error.hint).to.contain(`tasks list --pipeline ${pipelineId}`);
    expect(error.exitCode).to.equal(4);
    expect((await second).task.status).to.equal(1);
    expect(runs.lines).to.include(`task ${first}: running -> failed (taken_over)`);
    expect(await tasks.get(first)).to.deep.include({ status: 2, endReason: 'taken_over' });
  });

  it('that a monitor has failed stops, also in the middle of a call that takes long', async () => {
    const run = failure(
      start(async function* ({ clock, signal }) {
        yield exampleBatch(1, 2);
        await clock.sleep(60_000, signal);
      }),
    );
    await committed();
    await tasks.finish(runs.begun!.id, { status: 2, endReason: 'timeout', error: null }, null);
    expect(String(await run)).to.match(/lost its lease on pipeline \d+ \(timeout\)$/);
    expect(await tasks.get(runs.begun!.id)).to.deep.include({ status: 2, endReason: 'timeout' });
  });

  it('that had been failed when it was done is lost, not completed', async () => {
    const error = await failure(
      start(async function* () {
        yield exampleBatch(1, 2);
        await tasks.finish(runs.begun!.id, { status: 2, endReason: 'timeout', error: null }, null);
      }),
    );
    expect(error).to.be.instanceOf(LeaseLostError);
  });

  it('that was deleted with its pipeline says so, and where the pipeline is there that its lease is lost', async () => {
    const lose = async (): Promise<unknown> => {
      const run = failure(start(follow));
      await committed();
      await database.write([database.knex('pipeline_task').where({ id: runs.begun!.id }).delete()]);
      return await run;
    };
    const deleted = await lose();
    expect(deleted).to.be.instanceOf(PipelineDeletedError);
    expect(deleted).to.have.property(
      'message',
      `pipeline ${pipelineId} was deleted, and task ${runs.begun!.id} with it`,
    );
    const now = database.dialect.now(database.knex);
    await database.write([
      database.knex('pipeline').insert({ id: pipelineId, name: 'there', create_time: now, update_time: now }),
    ]);
    runs = new Runs();
    const lost = await lose();
    expect(lost).to.be.instanceOf(LeaseLostError).and.not.instanceOf(PipelineDeletedError);
    expect(lost).to.have.property('message', `task ${runs.begun!.id} is no longer running: its lease is lost`);
  });

  it('whose id a promoted server has given to another process stops, and leaves the other’s as it is', async () => {
    const run = failure(start(follow));
    await committed();
    const { id } = runs.begun!;
    await giveAnew(database, id);
    const error = await run;
    expect(error).to.be.instanceOf(LeaseLostError);
    expect(String(error)).to.match(/lost its lease on pipeline \d+: .* has given its id to another process$/);
    expect(await tasks.get(id)).to.deep.include({ status: 0, worker: 'there:2', endReason: null });
  });

  it('takes no end for its own that another process has made under the same id', async () => {
    const error = await failure(
      start(async function* () {
        yield exampleBatch(1, 2);
        const { id } = runs.begun!;
        await tasks.finish(id, { status: 1, endReason: 'completed', error: null }, null);
        await giveAnew(database, id);
      }),
    );
    expect(String(error)).to.match(/given its id to another process$/);
  });

  it('can’t begin while another holds the pipeline', async () => {
    const run = start(follow);
    await committed();
    expect(await failure(start(follow))).to.be.instanceOf(LeaseHeldError);
    runs.stopping.abort();
    expect((await run).task.endReason).to.equal('stopped');
  });
});

eachServer('a task whose database goes away', (server) => {
  let direct: Database;
  let database: Database;
  let proxy: TcpProxy;
  let runs: Runs;
  let pipelineId = 700;

  before(async function () {
    this.timeout(60_000);
    const directUrl = await createDatabase(server().url());
    direct = await openMigrated(directUrl);
    const through = await TcpProxy.before(directUrl);
    proxy = through.proxy;
    database = await openDatabase(through.url, { statementTimeoutMs: 8_000 });
  });
  beforeEach(() => {
    pipelineId += 1;
    runs = new Runs();
  });
  afterEach(() => proxy.resume());
  after(async () => {
    await database.close();
    await direct.close();
    await proxy.close();
  });

  const begin = async (): Promise<{ result: Promise<TaskResult>; taskId: number }> => {
    const result = runs.start(database, pipelineId, follow);
    result.catch(() => undefined);
    await eventually('a commit', () => runs.shown.some(([events]) => events === 2));
    return { result, taskId: runs.begun!.id };
  };
  const isAway = (): Promise<unknown> =>
    eventually('a failed beat', () => runs.lines.some((line) => /^heartbeat failed: task_id=\d+, error: ./.test(line)));
  const failure = (work: Promise<unknown>, limitMs: number): Promise<unknown> =>
    rejectionOf(within(limitMs, work, () => 'it hangs'));

  it('goes on when that is back', async () => {
    const { result } = await begin();
    proxy.cut();
    await isAway();
    proxy.resume();
    const beats = runs.lines.length;
    await eventually('a beat', () => runs.lines.slice(beats).some((line) => line.startsWith('heartbeat: ')));
    runs.stopping.abort();
    expect((await result).task).to.deep.include({ status: 1, endReason: 'stopped' });
  });

  it('stops where another has taken over meanwhile', async () => {
    const { result, taskId } = await begin();
    proxy.cut();
    await isAway();
    const [tasks] = storesOf(direct);
    await tasks.finish(taskId, { status: 2, endReason: 'taken_over', error: 'by there:2' }, null);
    proxy.resume();
    expect(String(await failure(result, 8_000))).to.match(/lost its lease .*taken_over: by there:2/);
  });

  for (const how of ['cut', 'freeze'] as const) {
    it(`is given up, some seconds after it was told to stop (${how})`, async () => {
      const { result, taskId } = await begin();
      proxy[how]();
      if (how === 'cut') await isAway();
      runs.stopping.abort();
      runs.hard.abort(new Error('stopped by SIGTERM'));
      const begun = performance.now();
      expect(await failure(result, 9_000)).to.be.instanceOf(DatabaseUnreachableError);
      expect(performance.now() - begun).to.be.below(5_500);
      expect((await storesOf(direct)[0].get(taskId)).status).to.equal(0);
    });
  }

  it('is ended once where the answer of that was lost', async () => {
    let complete: () => void = () => undefined;
    const isComplete = new Promise<void>((resolve) => (complete = resolve));
    const result = runs.start(database, pipelineId, async function* () {
      yield exampleBatch(1, 2);
      await isComplete;
    });
    await eventually('a commit', () => runs.shown.some(([events]) => events === 2));
    proxy.freeze('answers');
    complete();
    const [tasks] = storesOf(direct);
    await eventually('the row has ended', async () => (await tasks.get(runs.begun!.id)).status === 1);
    proxy.reset();
    proxy.resume();
    expect((await within(10_000, result, () => 'it hangs')).task).to.deep.include({
      status: 1,
      endReason: 'completed',
    });
  });
});
