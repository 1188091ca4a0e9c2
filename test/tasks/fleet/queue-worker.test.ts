import { expect } from 'chai';
import type { QueuedTask } from '../../../src/database/tasks/task-queue.js';
import { QueueWorker } from '../../../src/tasks/fleet/queue-worker.js';
import type { QueuedOutcome } from '../../../src/tasks/fleet/queue-worker.js';
import {
  DatabaseBusyError,
  DatabaseUnreachableError,
  DatabaseUnusableError,
  RuntimeFailure,
  PipelineDeletedError,
} from '../../../src/runtime/errors.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { OutageWatch } from '../../../src/tasks/monitor/outage-watch.js';
import { FakeClock } from '../../support/fake-clock.js';
import { followersOf } from '../../support/followers-of.js';
import { heldMoreAfter } from '../../support/garbage.js';
import { rejectionOf } from '../../support/rejection.js';
import { MemoryLogger } from '../../support/memory-logger.js';

describe('QueueWorker', () => {
  let clock: FakeClock;
  let waiting: QueuedTask[];
  let started: number[];
  let logger: MemoryLogger;
  let ends: Map<number, (outcome: QueuedOutcome | Error) => void>;
  let claims: Map<number, () => void>;
  let stopping: AbortController;
  let fails: boolean;
  let looks: number;
  let lookMs: number;
  let shown: (number | 'end')[];
  let kept: string[];
  let failure: Error;
  let hangs: Promise<void> | null;
  let turns: [running: number, isAway: boolean][];
  let ended: Promise<void>;
  let outages: OutageWatch;
  /** Of each look whether silent tasks were to be left alone, whatever their beats. */
  let leavesSilent: boolean[];
  /** For how many seconds runs could be heard, as the latest look has it. */
  let heardFor: number | undefined;

  const start = (concurrency: number): void => {
    const worker = new QueueWorker({
      name: 'here:1',
      presence: {
        show: async (running) => {
          await hangs;
          shown.push(running);
        },
        end: () => Promise.resolve(void shown.push('end')),
      },
      queue: {
        refuse: ({ taskId }, { reason, definition }) =>
          Promise.resolve(void kept.push(`refused ${taskId} ${reason}, definition ${definition}`)),
        keepReason: (taskId, reason) => Promise.resolve(void kept.push(`${taskId} ${reason}`)),
        listClaimable: async (limit, except, heardForSeconds) => {
          looks++;
          leavesSilent.push(heardForSeconds === 0);
          heardFor = heardForSeconds;
          if (lookMs > 0) await clock.sleep(lookMs);
          const found = waiting.filter(({ pipelineId }) => !except.includes(pipelineId)).slice(0, limit);
          if (fails) throw failure;
          return found;
        },
      },
      run: ({ taskId }, claimed) => {
        started.push(taskId);
        claims.set(taskId, claimed);
        return new Promise((resolve, reject) => {
          ends.set(taskId, (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
        });
      },
      outages,
      share: { pick: (tasks, free) => Promise.resolve(tasks.slice(0, free)) },
      concurrency,
      clock,
      logger,
      mask: (text) => text,
      turned: (...turn) => void turns.push(turn),
      stopping: stopping.signal,
    });
    ended = worker.run();
  };
  const end = async (taskId: number, outcome: QueuedOutcome | Error = 'ran'): Promise<void> => {
    waiting = waiting.filter((task) => task.taskId !== taskId || typeof outcome === 'object');
    ends.get(taskId)?.(outcome);
    await clock.advance(0);
  };
  const queue = (...ids: number[]): void =>
    void waiting.push(...ids.map((id) => ({ taskId: id, pipelineId: id, shard: 0 })));

  beforeEach(() => {
    clock = new FakeClock();
    outages = new OutageWatch({ clock, heartbeatIntervalMs: 4_000 });
    leavesSilent = [];
    waiting = [];
    started = [];
    logger = new MemoryLogger();
    ends = new Map();
    claims = new Map();
    fails = false;
    [looks, lookMs] = [0, 0];
    [shown, kept, hangs, turns] = [[], [], null, []];
    failure = new Error('away');
    stopping = new AbortController();
  });
  afterEach(async () => {
    stopping.abort(new Error('over'));
    for (const id of ends.keys()) await end(id);
    await ended;
  });

  it('runs as many tasks as it may at one time, and the next as soon as one has ended', async () => {
    queue(1, 2, 3);
    start(2);
    await clock.advance(0);
    expect(started).to.deep.equal([1, 2]);
    await clock.advance(5_000);
    expect(started).to.deep.equal([1, 2]);
    await end(1);
    await clock.advance(0);
    expect(started).to.deep.equal([1, 2, 3]);
  });

  it('claims some of many at one time, and others as soon as these are claimed', async () => {
    queue(...Array.from({ length: 40 }, (_none, i) => i + 1));
    start(30);
    await clock.advance(0);
    expect(started).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
    claims.get(3)?.();
    await clock.advance(0);
    expect(started).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const id of [1, 2, 4]) claims.get(id)?.();
    await clock.advance(0);
    expect(started.slice(9)).to.deep.equal([10, 11, 12]);
  });

  it('begins what a look has found without another, for half a second', async () => {
    queue(...Array.from({ length: 40 }, (_none, i) => i + 1));
    start(40);
    await clock.advance(0);
    for (let id = 1; id <= 10; id++) {
      claims.get(id)?.();
      await clock.advance(0);
    }
    expect([started.length, looks]).to.deep.equal([18, 1]);
    waiting = waiting.filter(({ taskId }) => taskId !== 19);
    await clock.advance(500);
    claims.get(11)?.();
    await clock.advance(0);
    expect(started).to.include(20).and.not.to.include(19);
  });

  it('looks more rarely the longer a look takes, as it does where thousands wait', async () => {
    lookMs = 100;
    queue(...Array.from({ length: 40 }, (_none, i) => i + 1));
    start(40);
    await clock.advance(100);
    await clock.advance(1_800);
    claims.get(1)?.();
    await clock.advance(0);
    expect([started.length, looks]).to.deep.equal([9, 1]);
    await clock.advance(500);
    claims.get(2)?.();
    await clock.advance(0);
    expect(looks).to.equal(2);
  });

  /** As who keeps pipelines running does now and then. */
  const probe = (uptimeSeconds: number | null = null): unknown =>
    outages.another().probeAnswered({ now: new Date(clock.monotonic()).toISOString(), uptimeSeconds });

  it('takes silent tasks over as soon as the database has answered at its start, and is up for long enough', async () => {
    start(1);
    await clock.advance(0);
    expect(leavesSilent).to.deep.equal([true]);
    probe(3_600);
    await clock.advance(500);
    expect(leavesSilent).to.deep.equal([true, false]);
    probe(5);
    await clock.advance(500);
    expect(leavesSilent.at(-1)).to.equal(true);
    await clock.advance(6_500);
    expect(leavesSilent.at(-1), 'twelve seconds after it came up').to.equal(false);
  });

  it('takes no silent task over for three heartbeat intervals after the queue could not be read, and then does', async () => {
    start(1);
    probe();
    await clock.advance(500);
    failure = new DatabaseUnreachableError('away');
    fails = true;
    await clock.advance(20_000);
    fails = false;
    await clock.advance(5_000);
    expect(leavesSilent.at(-1), 'nobody has probed it').to.equal(true);
    expect(probe()).to.equal('the database came back');
    await clock.advance(11_500);
    expect(leavesSilent.at(-1)).to.equal(true);
    await clock.advance(500);
    expect(leavesSilent.at(-1)).to.equal(false);
    expect(heardFor, 'longer than three beats of its own').to.equal(12);
  });

  it('takes silent tasks over though a look has failed for another reason than that the database is away', async () => {
    start(1);
    probe();
    failure = new Error('no such column');
    fails = true;
    await clock.advance(2_000);
    fails = false;
    await clock.advance(500);
    expect([leavesSilent.at(-1), heardFor]).to.deep.equal([false, Infinity]);
  });

  it('takes silent tasks over though locks have kept it from a look', async () => {
    start(1);
    probe();
    failure = new DatabaseBusyError('a deadlock');
    fails = true;
    await clock.advance(500);
    fails = false;
    await clock.advance(500);
    expect([leavesSilent.at(-1), heardFor]).to.deep.equal([false, Infinity]);
    expect(probe(), 'nor has it come back').to.equal(null);
  });

  const lookLong = async (): Promise<void> => {
    lookMs = 1_500;
    await clock.advance(500);
    await clock.advance(lookMs);
    lookMs = 0;
  };
  const suspend = async (): Promise<void> => {
    await clock.jump({ wallMs: 60_000 });
    await clock.advance(500);
    expect(leavesSilent.at(-1), 'at its first look').to.equal(true);
  };
  for (const [what, happen] of [
    ['it was suspended', suspend],
    ['a look took long', lookLong],
  ] as const) {
    it(`takes no silent task over for three heartbeat intervals after ${what}, and then does`, async () => {
      start(1);
      probe();
      await clock.advance(500);
      expect(leavesSilent.at(-1)).to.equal(false);
      await happen();
      expect(outages.isSilenceKnown, 'nor claims what was found').to.equal(false);
      await clock.advance(11_000);
      expect(leavesSilent.at(-1)).to.equal(true);
      await clock.advance(1_500);
      expect(leavesSilent.at(-1)).to.equal(false);
    });
  }

  it('takes no more on a database that it may not use any more, and ends with why once its tasks have', async () => {
    queue(1, 2);
    start(1);
    const result = rejectionOf(ended);
    ended = result.then(() => undefined);
    let isOver = false;
    void result.then(() => (isOver = true));
    await clock.advance(0);
    failure = new DatabaseUnusableError('the file was deleted');
    fails = true;
    await end(1);
    await clock.advance(1_000);
    expect(await result).to.equal(failure);
    expect(isOver).to.equal(true);
    expect(started).to.deep.equal([1]);
    expect(logger.lines).to.deep.equal(['error: no more tasks are taken here: the file was deleted']);
  });

  it('lets what runs come to its end where a task finds that the database may not be used any more', async () => {
    queue(1, 2, 3);
    start(2);
    const result = rejectionOf(ended);
    ended = result.then(() => undefined);
    await clock.advance(0);
    const newer = new DatabaseUnusableError('the schema is newer');
    await end(1, newer);
    await clock.advance(5_000);
    expect(started).to.deep.equal([1, 2]);
    await end(2);
    expect(await result).to.equal(newer);
  });

  it('takes no more once a file of the program is gone, as an upgrade in place has it', async () => {
    queue(1, 2);
    start(1);
    const result = rejectionOf(ended, RuntimeFailure);
    ended = result.then(() => undefined);
    await clock.advance(0);
    const message = "Cannot find module '/app/dist/a.js' imported from /app/dist/b.js";
    await end(1, Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' }));
    await clock.advance(1_000);
    expect((await result).message).to.equal(`the program was replaced while it ran: ${message}`);
    expect(started).to.deep.equal([1]);
  });

  it('looks twice a second for what is new', async () => {
    start(2);
    await clock.advance(0);
    queue(1);
    await clock.advance(499);
    expect(started).to.deep.equal([]);
    await clock.advance(1);
    expect(started).to.deep.equal([1]);
  });

  it('leaves a shard alone that it can’t run, and neither its pipeline nor another task of that shard', async () => {
    waiting.push({ taskId: 2, pipelineId: 1, shard: 2 }, { taskId: 3, pipelineId: 1, shard: 3 });
    start(1);
    await clock.advance(0);
    expect(started).to.deep.equal([2]);
    await end(2, { unfit: 'another definition' });
    await clock.advance(500);
    expect(started, 'the next shard').to.deep.equal([2, 3]);
    waiting.unshift({ taskId: 4, pipelineId: 1, shard: 0 });
    await end(3, { unfit: 'another definition' });
    await clock.advance(500);
    expect(started, 'the pipeline').to.deep.equal([2, 3, 4]);
    waiting = [{ taskId: 5, pipelineId: 1, shard: 2 }, ...waiting.filter(({ taskId }) => taskId === 3)];
    await end(4);
    await clock.advance(500);
    expect(started, 'another task of a shard').to.deep.equal([2, 3, 4, 5]);
    await end(5);
    await clock.advance(20_000);
    expect(started).to.deep.equal([2, 3, 4, 5]);
    await clock.advance(15_000);
    expect(started, 'after a while').to.deep.equal([2, 3, 4, 5, 3]);
  });

  it('passes over a pipeline that can not be run here for a while, and says why once', async () => {
    queue(1, 2);
    start(1);
    await clock.advance(0);
    await end(1, { unfit: 'no RPC URL' });
    await clock.advance(1_000);
    expect(started).to.deep.equal([1, 2]);
    await end(2);
    await clock.advance(29_000);
    await clock.advance(1_000);
    expect(started).to.deep.equal([1, 2, 1]);
    await end(1, { unfit: 'no RPC URL' });
    expect(logger.lines).to.deep.equal(["warn: task 1 waits, for it can't be run here: no RPC URL"]);
  });

  it('passes over a task that fails with what nobody has foreseen before it is claimed, as one that can not be run here', async () => {
    queue(1, 2);
    start(1);
    await clock.advance(0);
    await end(1, new SyntaxError('no JSON'));
    waiting = [{ taskId: 1, pipelineId: 1, shard: 0 }, ...waiting];
    await clock.advance(1_000);
    expect(started).to.deep.equal([1, 2]);
    await end(2);
    for (let second = 0; second < 30; second++) await clock.advance(1_000);
    expect(started).to.deep.equal([1, 2, 1]);
    await end(1, new SyntaxError('no JSON'));
    expect(logger.lines).to.deep.equal(["warn: task 1 waits, for it can't be run here: no JSON"]);
    expect(kept).to.deep.equal(['1 here:1: no JSON', '1 here:1: no JSON']);
  });

  it('keeps no reason of a task that fails before it is claimed because the worker stops', async () => {
    queue(1);
    start(1);
    await clock.advance(0);
    stopping.abort(new Error('it stops'));
    await end(1, new Error('it stops'));
    expect(kept).to.deep.equal([]);
  });

  it('tries again at once what the database was away for before it was claimed', async () => {
    queue(1);
    start(1);
    await clock.advance(0);
    await end(1, new DatabaseUnreachableError('away'));
    await clock.advance(500);
    expect(started).to.deep.equal([1, 1]);
    expect(kept).to.deep.equal([]);
  });

  it('keeps with a task that waits why it can not be run here', async () => {
    queue(1);
    start(1);
    await clock.advance(0);
    await end(1, { unfit: 'no RPC URL' });
    expect(kept).to.deep.equal(['1 here:1: no RPC URL']);
  });

  it('has a task refused whose definition nobody can run, and goes on', async () => {
    queue(1, 2);
    start(1);
    await clock.advance(0);
    waiting = waiting.filter(({ taskId }) => taskId !== 1);
    await end(1, { refused: { reason: 'not JSON', definition: 7 } });
    await clock.advance(500);
    expect(kept).to.deep.equal(['refused 1 not JSON, definition 7']);
    expect(started).to.deep.equal([1, 2]);
    expect(logger.lines).to.deep.equal(["error: pipeline 1 can't be run by anybody: not JSON"]);
  });

  it('tells at each look how many tasks it runs, and that it ends as soon as it is told to', async () => {
    queue(1);
    start(1);
    await clock.advance(0);
    await clock.advance(500);
    stopping.abort(new Error('SIGTERM'));
    await clock.advance(0);
    expect(shown).to.deep.equal([0, 1, 'end']);
  });

  it('goes on when a task fails, and when the queue can not be read', async () => {
    queue(1);
    start(1);
    await clock.advance(0);
    waiting = [];
    claims.get(1)?.();
    await end(1, new Error('oh'));
    fails = true;
    await clock.advance(1_000);
    await clock.advance(1_000);
    fails = false;
    queue(2);
    await clock.advance(1_000);
    expect(started).to.deep.equal([1, 2]);
    expect(logger.lines).to.deep.equal([
      'error: task 1: oh',
      "warn: the queue can't be read: away",
      'info: the queue can be read again',
    ]);
  });

  it('takes it for no failure that a pipeline was deleted, and its task with it', async () => {
    queue(1);
    start(1);
    await clock.advance(0);
    claims.get(1)?.();
    await end(1, new PipelineDeletedError('pipeline 1 was deleted, and task 1 with it'));
    expect(logger.lines).to.deep.equal(['info: task 1: pipeline 1 was deleted, and task 1 with it']);
  });

  it('ends when it is told to, though the queue gives no answer, and begins nothing that it hears of then', async () => {
    let answer = (): void => undefined;
    hangs = new Promise<void>((resolve) => (answer = resolve));
    queue(1);
    start(1);
    await clock.advance(0);
    stopping.abort(new Error('SIGTERM'));
    await ended;
    answer();
    await clock.advance(0);
    expect(started).to.deep.equal([]);
  });

  it('begins nothing more when it is told to stop, and waits for what runs', async () => {
    queue(1, 2);
    start(1);
    await clock.advance(0);
    let isOver = false;
    void ended.then(() => (isOver = true));
    stopping.abort(new Error('SIGTERM'));
    await clock.advance(2_000);
    expect(isOver).to.equal(false);
    await end(1);
    await clock.advance(0);
    expect(isOver).to.equal(true);
    expect(started).to.deep.equal([1]);
  });

  it('tells each turn that came round, also against a database that is away, and none that hangs', async () => {
    queue(1);
    start(2);
    await clock.advance(0);
    expect(turns).to.deep.equal([[1, false]]);
    fails = true;
    await clock.advance(500);
    expect(turns[1]).to.deep.equal([1, true]);
    [fails, hangs] = [false, new Promise(() => undefined)];
    await clock.advance(60_000);
    expect(turns).to.have.lengthOf(2);
  });

  it('leaves nothing of its turns at the signals that end it, and holds nothing of them while it is full', async () => {
    const instant = { ...systemClock, sleep: () => systemClock.sleep(0) };
    for (const concurrency of [1, 16]) {
      stopping = new AbortController();
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => (finish = resolve));
      let [turned, followers] = [0, 0];
      const waits = new Map<number, () => void>();
      const worker = new QueueWorker({
        ...{ name: 'here:1', concurrency, clock: instant, logger, mask: (text) => text, stopping: stopping.signal },
        presence: { show: () => Promise.resolve(), end: () => Promise.resolve() },
        outages: new OutageWatch({ clock: instant, heartbeatIntervalMs: 4_000 }),
        queue: {
          refuse: () => Promise.resolve(),
          keepReason: () => Promise.resolve(),
          listClaimable: () => Promise.resolve(turned === 0 ? [{ taskId: 1, pipelineId: 1, shard: 0 }] : []),
        },
        run: async (_task, claimed) => {
          claimed();
          await finished;
          return 'ran';
        },
        share: { pick: (tasks) => Promise.resolve(tasks) },
        turned: () => {
          followers = Math.max(followers, followersOf(stopping.signal));
          waits.get(++turned)?.();
        },
      });
      const until = (turn: number): Promise<void> => new Promise((resolve) => waits.set(turn, resolve));
      const begun = until(500);
      const over = worker.run();
      await begun;
      expect(await heldMoreAfter(() => until(turned + 20_000))).to.be.lessThan(2);
      expect(followers).to.be.at.most(1);
      finish();
      stopping.abort(new Error('over'));
      await over;
    }
    ended = Promise.resolve();
  });
});
