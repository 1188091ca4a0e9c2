import { expect } from 'chai';
import type { Revived } from '../../../src/database/pipelines/end-store.js';
import type { EndVerdict, UnjudgedEnd } from '../../../src/model/wanted.js';
import {
  DatabaseBusyError,
  DatabaseForbiddenError,
  DatabaseUnreachableError,
  RuntimeFailure,
} from '../../../src/runtime/errors.js';
import { KeepRunning } from '../../../src/tasks/fleet/keep-running.js';
import { OutageWatch } from '../../../src/tasks/monitor/outage-watch.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';

describe('keeping pipelines running', () => {
  let clock: FakeClock;
  let logger: MemoryLogger;
  let stopping: AbortController;
  let ends: UnjudgedEnd[];
  let due: number[];
  let judged: number[];
  let queued: number[];
  let looks: number;
  let timings: number;
  let failure: Error | null;
  let untimed: Error | null;
  let unread: Error | null;
  let refusal: Error | null;
  let poisoned: number | null;
  let locked: readonly number[];
  let lockedTries: number;
  let verdict: EndVerdict;
  let revived: Revived[];
  let slowMs: number;
  let ahead: number[];
  let delivered: number[];
  let dropped: UnjudgedEnd[];
  let followed: number[];
  let keep: KeepRunning;
  let outages: OutageWatch;
  let running: Promise<void>;

  const endOf = (pipelineId: number): UnjudgedEnd => ({
    ...{ pipelineId, failures: 0, judgedTaskId: null, version: 1, judgedVersion: null },
    task: {
      id: pipelineId * 10,
      status: 2,
      endReason: 'error',
      error: 'oh',
      overForSeconds: 0,
      nextBlock: 1,
      heartbeatInterval: null,
    },
  });

  /** Nothing is to come to it. */
  const served = { name: 'out', paused: false, replay: 0 };

  /** Somebody holds the row of a pipeline. */
  const lockedUp = async (): Promise<never> => {
    lockedTries += 1;
    await clock.sleep(15_000);
    throw new DatabaseBusyError('a lock');
  };

  /** It does not jump where this process does. */
  const databaseTime = (): number => clock.monotonic();

  beforeEach(() => {
    clock = new FakeClock();
    logger = new MemoryLogger();
    stopping = new AbortController();
    timings = 0;
    slowMs = 0;
    ahead = [];
    [ends, due, judged, queued, looks, failure, poisoned, revived] = [[], [], [], [], 0, null, null, []];
    [refusal, untimed, unread] = [null, null, null];
    [locked, lockedTries] = [[], 0];
    [delivered, dropped, followed] = [[], [], []];
    verdict = { kind: 'again', inSeconds: 5, failures: 1 };
    outages = new OutageWatch({ clock, heartbeatIntervalMs: 2_000 });
    keep = new KeepRunning({
      store: {
        listDue: () => (failure === null ? Promise.resolve(due) : Promise.reject(failure)),
        queueDue: (id) => Promise.resolve(queued.push(id)),
      },
      ends: {
        listUnjudged: (after, limit) => {
          looks += 1;
          if (unread !== null) return Promise.reject(unread);
          const found = ends.filter(({ pipelineId }) => pipelineId > after).slice(0, limit);
          return failure === null ? Promise.resolve(found) : Promise.reject(failure);
        },
        listDroppedDeliveries: (after) =>
          Promise.resolve(dropped.filter(({ pipelineId }) => pipelineId > after).slice(0, 200)),
        judge: async (end, _verdict, sinks) => {
          if (slowMs > 0) await clock.sleep(slowMs);
          if (sinks?.[0] === served) delivered.push(end.pipelineId);
          if (refusal !== null) throw refusal;
          if (locked.includes(end.pipelineId)) await lockedUp();
          return judged.push(end.pipelineId) > 0;
        },
        listRevived: () => Promise.resolve(revived),
        takeBack: ({ taskId }) => Promise.resolve(taskId !== 8),
      },
      probe: () => Promise.resolve({ now: new Date(databaseTime()).toISOString(), uptimeSeconds: null }),
      takeBackAhead: () => Promise.resolve(ahead.splice(0)),
      beat: () => (refusal === null ? Promise.resolve() : Promise.reject(refusal)),
      outages,
      judge: ({ pipelineId }) =>
        pipelineId === poisoned ? Promise.reject(new Error('no definition')) : Promise.resolve(verdict),
      followDelivery: ({ pipelineId }) => Promise.resolve(followed.push(pipelineId) === 1 ? 77 : null),
      listServed: () => Promise.resolve([served]),
      keepTimes: () => (untimed === null ? Promise.resolve(void (timings += 1)) : Promise.reject(untimed)),
      ...{ clock, logger, mask: (text: string) => text, stopping: stopping.signal, random: () => 0.5 },
    });
  });
  afterEach(async () => {
    stopping.abort(new Error('over'));
    await running;
  });

  it('judges what has ended, however many, and queues what is due each second', async () => {
    ends = Array.from({ length: 450 }, (_none, i) => endOf(i + 1));
    due = [1, 2, 3];
    running = keep.run();
    await clock.advance(0);
    expect(judged).to.have.length(450);
    expect([...queued].sort()).to.deep.equal([1, 2, 3]);
    await clock.advance(1_000);
    expect(queued).to.have.length(6);
  });

  it('looks for what has ended every five seconds, and at its next look where a task ended here', async () => {
    running = keep.run();
    await clock.advance(0);
    await clock.advance(4_000);
    expect(looks).to.equal(1);
    await clock.advance(1_000);
    expect(looks).to.equal(2);
    keep.poke();
    await clock.advance(1_000);
    expect(looks).to.equal(3);
  });

  for (const [trouble, error] of [
    ['was away', new DatabaseUnreachableError('away')],
    ['did not let its user', new DatabaseForbiddenError('permission denied')],
  ] as const)
    it(`follows no silent task before living runs could be heard, where the database ${trouble}`, async () => {
      const silent = endOf(1);
      ends = [{ ...silent, task: { ...silent.task!, status: 0, endReason: null } }, endOf(2)];
      failure = error;
      running = keep.run();
      await clock.advance(0);
      failure = null;
      await clock.advance(5_000);
      expect(judged, 'an end that was written down').to.deep.equal([2]);
      expect(logger.lines).to.contain(
        'info: the database came back: no silent task is followed for 6 s, in which living runs are heard',
      );
      ends.pop();
      await clock.advance(5_000);
      expect(judged.filter((id) => id === 1)).to.deep.equal([]);
      await clock.advance(5_000);
      expect(
        judged.filter((id) => id === 1),
        'three beats later',
      ).to.have.length(1);
    });

  it('follows a silent task only once three of its own beats could be heard', async () => {
    const rare = endOf(1);
    ends = [{ ...rare, task: { ...rare.task!, status: 0, endReason: null, heartbeatInterval: 10 } }];
    failure = new DatabaseUnreachableError('away');
    running = keep.run();
    await clock.advance(0);
    failure = null;
    await clock.advance(30_000);
    expect(judged).to.deep.equal([]);
    await clock.advance(10_000);
    expect(new Set(judged)).to.deep.equal(new Set([1]));
  });

  it('tells once why no silent task is followed, whoever in its process has noticed it', async () => {
    running = keep.run();
    await clock.advance(0);
    const other = outages.another();
    await clock.advance(3_000);
    expect(other.did('a look at the queue')).to.equal('a look at the queue took 3000 ms');
    await clock.advance(3_000);
    const told = (): readonly string[] => logger.lines.filter((line) => line.includes('no silent task'));
    expect(told()).to.deep.equal([
      'info: a look at the queue took 3000 ms: no silent task is followed for 5 s, in which living runs are heard',
    ]);
    await clock.advance(10_000);
    other.slept(0);
    await clock.advance(1_000);
    expect(told()).to.have.length(2);
  });

  it('follows no silent task right after it was suspended itself', async () => {
    running = keep.run();
    await clock.advance(0);
    const silent = endOf(1);
    ends = [{ ...silent, task: { ...silent.task!, status: 0, endReason: null } }];
    await clock.jump({ wallMs: 400_000 });
    await clock.advance(5_000);
    expect(judged).to.deep.equal([]);
    expect(logger.lines.at(-1)).to.match(/was suspended for 400 s: no silent task is followed for 6 s/);
    await clock.advance(10_000);
    expect(new Set(judged)).to.deep.equal(new Set([1]));
  });

  it('has the silence of tasks count from now on whose heartbeats lie in the future, and says so', async () => {
    ahead = [7, 8];
    running = keep.run();
    await clock.advance(0);
    expect(ahead).to.deep.equal([]);
    await clock.advance(5_000);
    expect(logger.lines).to.deep.equal([
      'info: the last heartbeats of some tasks (2) lie in the future: their silence counts from now on',
    ]);
    ahead = [7];
    await clock.advance(5_000);
    expect(ahead, 'each time it looks for ends').to.deep.equal([]);
  });

  it('does not take much to do for a suspension, however long it takes', async () => {
    slowMs = 500;
    ends = Array.from({ length: 100 }, (_none, i) => endOf(i + 1));
    running = keep.run();
    await clock.advance(60_000);
    expect(logger.lines.filter((line) => line.includes('living runs'))).to.deep.equal([]);
    slowMs = 1_500;
    await clock.advance(10_000);
    expect(logger.lines.filter((line) => line.includes('living runs')).at(0)).to.match(
      /a step took 1500 ms: no silent/,
    );
  });

  it('takes back what was to follow a task that beats again', async () => {
    revived = [
      { pipelineId: 45, taskId: 7 },
      // Another worker was quicker, or a person.
      { pipelineId: 46, taskId: 8 },
    ];
    running = keep.run();
    await clock.advance(0);
    expect(logger.lines).to.deep.equal([
      'info: task 7 of pipeline 45 beats again: the one that was to follow it is taken back',
    ]);
  });

  it('follows tasks that were to deliver between two times of a schedule, silent ones once that means anything, and says so', async () => {
    dropped = Array.from({ length: 250 }, (_none, i) => endOf(i + 1));
    dropped[1] = { ...dropped[1]!, task: { ...dropped[1]!.task!, status: 0, heartbeatInterval: 900 } };
    outages.failed(new DatabaseUnreachableError('away'));
    await keep.look();
    expect(followed).to.have.length(249).and.not.to.include(2);
    const told = logger.lines.filter((line) => line.includes('deliveries'));
    expect(told).to.deep.equal(['info: task 77 goes on with the deliveries of pipeline 1']);
  });

  it('leaves no pipeline behind because another can not be judged', async () => {
    ends = [endOf(1), endOf(2), endOf(3)];
    poisoned = 2;
    running = keep.run();
    await clock.advance(0);
    expect(judged).to.deep.equal([1, 3]);
    expect(logger.lines).to.include("warn: pipeline 2 can't be kept running here: no definition");
  });

  it('leaves the pipeline alone that a lock holds up, for longer each time: the others go on, silent ones too', async () => {
    const silent = { ...endOf(2), task: { ...endOf(2).task!, status: 0, endReason: null } };
    [ends, due, locked] = [[endOf(1), silent, endOf(3)], [4], [1]];
    running = keep.run();
    await clock.advance(15_000);
    expect([judged, queued], 'no silent one: whom the lock kept from beating can not be told yet').to.deep.equal([
      [3],
      [4],
    ]);
    await clock.advance(20_000);
    expect(judged).to.include(2);
    await clock.advance(90_000);
    expect(lockedTries, 'after 15, 30 and 60 s').to.equal(3);
    await clock.advance(385_000);
    expect(lockedTries, 'after 150 s at most').to.equal(6);
    const told = logger.lines.filter((line) => line.includes("can't be kept running"));
    expect(told).to.deep.equal(["warn: pipeline 1 can't be kept running here: a lock"]);
    locked = [];
    await clock.advance(150_000);
    expect(judged).to.include(1);
  });

  it('leaves none alone any longer once one of them has gone on: what had held it up may have held up all', async () => {
    [ends, locked] = [[endOf(2)], [2]];
    running = keep.run();
    await clock.advance(302_000);
    expect(lockedTries, 'the last one 300 s after the first: it is left alone for 150 s').to.equal(5);
    [ends, locked] = [
      [endOf(1), endOf(2)],
      [1, 2],
    ];
    await clock.advance(23_000);
    expect(lockedTries).to.equal(6);
    locked = [];
    await clock.advance(40_000);
    expect(judged).to.include.members([1, 2]);
  });

  it('judges and queues though a lock is in the way of the times of schedules', async () => {
    ends = [endOf(1)];
    due = [2];
    untimed = new DatabaseBusyError('a lock');
    running = keep.run();
    await clock.advance(0);
    expect([judged, queued]).to.deep.equal([[1], [2]]);
  });

  it('tells once of a pipeline that can not be judged, reads all pages, takes back and queues, and tells anew what is new', async () => {
    ends = Array.from({ length: 450 }, (_none, i) => endOf(i + 1));
    [poisoned, due, verdict] = [2, [7], { kind: 'again', inSeconds: 0, failures: 0 }];
    revived = [{ pipelineId: 45, taskId: 7 }];
    running = keep.run();
    await clock.advance(0);
    expect(judged).to.have.length(449);
    expect(queued).to.deep.equal([7]);
    expect(logger.lines.filter((line) => line.includes('beats again'))).to.have.length(1);
    await clock.advance(60_000);
    const told = (): readonly string[] => logger.lines.filter((line) => line.startsWith('warn'));
    expect(told()).to.deep.equal(["warn: pipeline 2 can't be kept running here: no definition"]);
    poisoned = null;
    await clock.advance(5_000);
    poisoned = 2;
    await clock.advance(5_000);
    expect(told()).to.have.length(2);
  });

  it('queues what is due where no ends can be looked for, and says so once', async () => {
    due = [2];
    unread = new SyntaxError('no JSON');
    running = keep.run();
    await clock.advance(0);
    await clock.advance(30_000);
    expect(queued).to.have.length(31);
    expect(logger.lines).to.deep.equal(["warn: pipelines can't be kept running: no JSON"]);
    unread = null;
    await clock.advance(5_000);
    expect(logger.lines.slice(1)).to.deep.equal(['info: pipelines are kept running again']);
  });

  it('judges and queues in the look in which the times of one pipeline can not be put right, and says so once', async () => {
    ends = [endOf(1)];
    due = [2];
    untimed = new RuntimeFailure("the times of pipeline 3 can't be put right: no such time zone");
    running = keep.run();
    await clock.advance(0);
    expect([judged, queued]).to.deep.equal([[1], [2]]);
    await clock.advance(60_000);
    const words = untimed.message;
    expect(logger.lines.filter((line) => line.includes(words))).to.deep.equal([`warn: ${words}`]);
    expect(logger.lines.join()).not.to.include("can't be kept running");
  });

  it('does nothing more in a look in which the database was away', async () => {
    due = [2];
    untimed = new DatabaseUnreachableError('away');
    running = keep.run();
    await clock.advance(0);
    expect([looks, queued]).to.deep.equal([0, []]);
  });

  it('has what became due while a last run ended delivered with its judgement, and nothing after one that failed', async () => {
    const failed = endOf(1);
    const completed = { ...endOf(2), task: { ...endOf(2).task, status: 1, endReason: 'completed', error: null } };
    ends = [failed, completed] as UnjudgedEnd[];
    verdict = { kind: 'done' };
    running = keep.run();
    await clock.advance(0);
    expect(judged).to.deep.equal([1, 2]);
    expect(delivered).to.deep.equal([2]);
    verdict = { kind: 'scheduled', slot: { at: '2026-01-15T10:30:00', of: '30 * * * * UTC', skipped: null } };
    await clock.advance(5_000);
    expect(delivered, 'the next one has yet to come').to.deep.equal([2, 2]);
  });

  it('tells what becomes of a pipeline', async () => {
    ends = [endOf(1)];
    running = keep.run();
    await clock.advance(0);
    verdict = { kind: 'held', reason: 'the wrong chain', failures: 1 };
    await clock.advance(5_000);
    verdict = { kind: 'done' };
    await clock.advance(5_000);
    expect(logger.lines).to.deep.equal([
      'warn: pipeline 1 is started again in 5 s',
      'error: pipeline 1 waits for a person: the wrong chain',
      'info: pipeline 1 has ended and is stopped',
    ]);
  });

  it('tells once that the database is away, and once that it is back', async () => {
    failure = new DatabaseUnreachableError('away');
    running = keep.run();
    await clock.advance(0);
    await clock.advance(3_000);
    failure = null;
    await clock.advance(1_000);
    expect(logger.lines).to.deep.equal([
      "warn: pipelines can't be kept running: away",
      'info: pipelines are kept running again',
    ]);
  });

  it('is away where the database answers and takes nothing, until it takes the beat of the worker', async () => {
    refusal = new DatabaseUnreachableError('read-only');
    ends = [endOf(1)];
    running = keep.run();
    await clock.advance(0);
    // In most looks there is nothing to write.
    ends = [];
    await clock.advance(20_000);
    expect(logger.lines).to.deep.equal(["warn: pipelines can't be kept running: read-only"]);
    refusal = null;
    await clock.advance(1_000);
    expect(logger.lines.at(-1)).to.equal('info: pipelines are kept running again');
  });
});
