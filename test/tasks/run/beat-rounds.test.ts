import { setMaxListeners } from 'node:events';
import { expect } from 'chai';
import type { Beat } from '../../../src/database/tasks/task-rows.js';
import type { Progress } from '../../../src/model/task.js';
import { DatabaseUnreachableError, LeaseLostError } from '../../../src/runtime/errors.js';
import { BeatRounds, type Beating } from '../../../src/tasks/run/beat-rounds.js';
import { Heartbeat } from '../../../src/tasks/run/heartbeat.js';
import type { LivenessEvent } from '../../../src/model/liveness-event.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { rejectionOf } from '../../support/rejection.js';

const progress: Progress = { mode: 'realtime', nextBlock: 1, targetBlock: null, headBlock: 2, events: 0 };

describe('the heartbeats of a process with many tasks', () => {
  let clock: FakeClock;
  let statements: { at: number; beats: readonly Beat[] }[];
  let answer: () => Promise<readonly number[]>;
  let questions: (readonly number[])[];
  let ended: readonly number[];
  let events: LivenessEvent[];
  let done: AbortController;
  let rounds: BeatRounds;

  const begin = (taskId: number, stallAfterMs = 1_000_000, signal = done.signal): Heartbeat => {
    const heartbeat = new Heartbeat({
      taskId,
      pipelineId: 45,
      rounds,
      clock,
      logger: { log: () => undefined },
      lang: 'en',
      observe: (event) => events.push(event),
      intervalMs: 30_000,
      stallAfterMs,
    });
    void heartbeat.tick(signal);
    return heartbeat;
  };
  const openRounds = (random: () => number): BeatRounds => {
    const tasks = {
      renew: (beats: readonly Beat[]): Promise<readonly number[]> => {
        statements.push({ at: (clock.monotonic() - 1_000) / 1_000, beats });
        return answer();
      },
      listEnded: (ids: readonly number[]): Promise<readonly number[]> => {
        questions.push(ids);
        return Promise.resolve(ids.filter((id) => ended.includes(id)));
      },
    };
    return new BeatRounds({ tasks, clock, random });
  };
  const times = (): readonly number[] => statements.map(({ at }) => at);
  const ids = (i: number): readonly number[] => statements.at(i)?.beats.map(({ taskId }) => taskId) ?? [];

  beforeEach(() => {
    clock = new FakeClock();
    statements = [];
    [questions, ended] = [[], []];
    events = [];
    answer = (): Promise<readonly number[]> => Promise.resolve([]);
    done = new AbortController();
    setMaxListeners(0, done.signal);
    rounds = openRounds(() => 0);
  });
  afterEach(() => done.abort());

  it('travel in one statement an interval, whenever their tasks began', async () => {
    for (let taskId = 1; taskId <= 100; taskId++) {
      begin(taskId);
      await clock.advance(50);
    }
    await clock.advance(30_000 - 5_000);
    statements = [];
    await clock.advance(300_000);
    expect(statements.length).to.be.within(9, 10);
    expect(new Set(ids(-1)).size).to.equal(100);
  });

  it('do not take those along that have just beaten: tasks that begin one after the other beat once each, not each for all', async () => {
    const tasks: Heartbeat[] = [];
    for (let taskId = 1; taskId <= 20; taskId++) {
      const task = begin(taskId);
      await task.moved(progress, done.signal);
      await clock.advance(300);
      tasks.push(task);
    }
    expect(statements.flatMap(({ beats }) => beats)).to.have.length(20);
    const beatsOf = (taskId: number): number =>
      statements.filter(({ beats }) => beats.some((beat) => beat.taskId === taskId)).length;
    expect(tasks.map(({ taskId }) => beatsOf(taskId)).every((count) => count === 1)).to.equal(true);
  });

  it('begin one after the other without a look at all others for each', async () => {
    let looks = 0;
    const member = (taskId: number): Beating => ({
      taskId,
      unkept: null,
      isStalled: false,
      get isRipe(): boolean {
        return looks++ < 0;
      },
      isDoubtful: false,
      asked: () => undefined,
      settle: () => undefined,
    });
    for (let taskId = 1; taskId <= 100; taskId++) {
      const begins = member(taskId);
      rounds.join(begins);
      await rounds.renew(begins);
    }
    expect(statements.flatMap(({ beats }) => beats)).to.have.length(100);
    expect(looks).to.be.below(10);
  });

  it('are lost for a task whose id this process was given again, and go on for the later one', async () => {
    const [first, second] = [begin(1), begin(1)];
    expect([first.lost.aborted, second.lost.aborted, rounds.size]).to.deep.equal([true, false, 1]);
    await settle();
    expect(rounds.size).to.equal(1);
    await rounds.renew(second);
    expect([ids(-1), second.lost.aborted]).to.deep.equal([[1], false]);
  });

  it('are not sent again for who asks for one while it is on its way', async () => {
    const member = (taskId: number): Beating => ({
      ...{ taskId, unkept: null, isStalled: false, isRipe: true, isDoubtful: false },
      asked: () => undefined,
      settle: () => undefined,
    });
    const [one, other] = [member(1), member(2)];
    for (const each of [one, other]) rounds.join(each);
    let land = (): void => undefined;
    answer = () => new Promise((resolve) => (land = () => resolve([])));
    const asked = [rounds.renew(one), rounds.renew(other)];
    await settle();
    land();
    await Promise.all(asked);
    const again = rounds.renew(one);
    land();
    await again;
    expect([ids(0), ids(1)]).to.deep.equal([[1, 2], [1]]);
  });

  it('are no news of a task that was taken along and is done before they fail', async () => {
    const over = new AbortController();
    const [stays, leaves] = [begin(1), begin(2, undefined, over.signal)];
    await clock.advance(20_000);
    let fail = (): void => undefined;
    answer = () => new Promise((_resolve, reject) => (fail = () => reject(new DatabaseUnreachableError('it is away'))));
    const beat = rejectionOf(stays.moved(progress, done.signal).then(() => rounds.renew(stays)));
    await settle();
    expect(ids(-1)).to.deep.equal([1, 2]);
    over.abort();
    await settle();
    fail();
    done.abort();
    await beat;
    expect(leaves.lost.aborted).to.equal(false);
    expect(events.map((event) => [event.kind, 'taskId' in event && event.taskId])).to.deep.equal([['beat_failed', 1]]);
  });

  it('leave those out that hang, and ask about all of them in one statement an interval whether they were ended', async () => {
    const hanging: Heartbeat[] = [];
    for (let taskId = 1; taskId <= 20; taskId++) {
      hanging.push(begin(taskId, 60_000));
      await clock.advance(500);
    }
    const works = begin(21);
    await clock.advance(200_000);
    questions = [];
    await clock.advance(300_000);
    expect(questions.length).to.be.within(9, 11);
    expect(new Set(questions.at(-1)).size).to.equal(20);
    ended = [7, 8];
    await clock.advance(30_000);
    expect(hanging.filter(({ lost }) => lost.aborted).map(({ taskId }) => taskId)).to.deep.equal([7, 8]);
    expect(works.lost.aborted).to.equal(false);
    await clock.advance(30_000);
    expect(questions.at(-1)).to.not.include(7);
  });

  it('leave the one out that hangs, and take it along again when it moves', async () => {
    begin(1);
    const hangs = begin(2, 70_000);
    await hangs.moved(progress, done.signal);
    await clock.advance(65_000);
    expect(ids(-1)).to.have.members([1, 2]);
    await clock.advance(30_000);
    expect(ids(-1)).to.deep.equal([1]);
    expect(events.filter(({ kind }) => kind === 'stalled')).to.deep.equal([
      { kind: 'stalled', taskId: 2, pipelineId: 45, stillSeconds: 90 },
    ]);
    await hangs.moved(progress, done.signal);
    expect(events.filter(({ kind }) => kind === 'moved_again')).to.have.length(1);
    await clock.advance(26_000);
    expect(ids(-1)).to.have.members([1, 2]);
  });

  it('tell in the same round who has lost its lease, and stop it alone', async () => {
    const first = begin(1);
    await clock.advance(10_000);
    // Its ticker sleeps on when the first beats for both.
    const second = begin(2);
    second.renewed(progress);
    answer = (): Promise<readonly number[]> => Promise.resolve([2]);
    await clock.advance(20_000);
    expect(second.lost.reason).to.be.instanceOf(LeaseLostError);
    expect(await rejectionOf(second.moved(progress, done.signal))).to.equal(second.lost.reason);
    expect(first.lost.aborted).to.equal(false);
    answer = (): Promise<readonly number[]> => Promise.resolve([]);
    await first.recover(new DatabaseUnreachableError('away'), done.signal);
    expect(ids(-1)).to.deep.equal([1]);
    await clock.advance(30_000);
    expect(ids(-1)).to.deep.equal([1]);
    expect(events.filter(({ kind }) => kind === 'beat_refused')).to.deep.equal([
      { kind: 'beat_refused', taskId: 2, pipelineId: 45 },
    ]);
  });

  it('do not pile up behind one that is late', async () => {
    const tasks = [begin(1), begin(2), begin(3)];
    await settle();
    let land: (lost: readonly number[]) => void = () => undefined;
    answer = () => new Promise((resolve) => (land = resolve));
    await clock.advance(30_000);
    const before = statements.length;
    for (const task of tasks) void task.moved(progress, done.signal);
    await clock.advance(200_000);
    expect(statements).to.have.length(before);
    answer = (): Promise<readonly number[]> => Promise.resolve([]);
    land([]);
    await clock.advance(0);
    expect(statements).to.have.length(before + 1);
    await clock.advance(29_000);
    expect(statements).to.have.length(before + 1);
  });

  it('wait for the round in the air where it left before their task began', async () => {
    let land: (lost: readonly number[]) => void = () => undefined;
    answer = () => new Promise((resolve) => (land = resolve));
    void begin(1).moved(progress, done.signal);
    const late = begin(2).moved(progress, done.signal);
    await settle();
    expect(statements.map((_, i) => ids(i))).to.deep.equal([[1]]);
    answer = (): Promise<readonly number[]> => Promise.resolve([]);
    land([]);
    await late;
    expect(statements.map((_, i) => ids(i))).to.deep.equal([[1], [2]]);
  });

  it('carry the progress of those that moved since their last beat, and no other', async () => {
    const [first] = [begin(1), begin(2)];
    await first.moved(progress, done.signal);
    await clock.advance(30_000);
    const moved = { ...progress, events: 7 };
    await first.moved(moved, done.signal);
    await clock.advance(30_000);
    const last = new Map(statements.at(-1)?.beats.map((beat) => [beat.taskId, beat.progress]));
    expect([last.get(1), last.get(2)]).to.deep.equal([moved, null]);
    await clock.advance(30_000);
    expect(statements.at(-1)?.beats.map((beat) => beat.progress)).to.deep.equal([null, null]);
  });

  it('come early once, by a part that each process draws, so that processes do not beat together', async () => {
    rounds = openRounds(() => 0.5);
    await begin(1).moved(progress, done.signal);
    await clock.advance(100_000);
    expect(times()).to.deep.equal([0, 22.5, 52.5, 82.5]);
  });

  it('are counted where they fail, once for all tries of an interval, until one lands', async () => {
    const failures = (): number[] =>
      events.splice(0).flatMap((event) => (event.kind === 'beat_failed' ? [event.failures] : []));
    answer = (): Promise<never> => Promise.reject(new Error('gone'));
    void begin(1).moved(progress, done.signal);
    await clock.advance(13_000);
    const ofOne = failures();
    expect(ofOne.length).to.be.greaterThan(3);
    expect(new Set(ofOne)).to.deep.equal(new Set([1]));
    await clock.advance(77_000);
    expect(new Set(failures())).to.deep.equal(new Set([1, 2, 3]));
    answer = (): Promise<readonly number[]> => Promise.resolve([]);
    await clock.advance(30_000);
    expect(events.at(-1)?.kind).to.equal('beat_landed');
    answer = (): Promise<never> => Promise.reject(new Error('gone'));
    await clock.advance(31_000);
    expect(failures()[0]).to.equal(1);
  });
});
