import { expect } from 'chai';
import { FenceError } from '../../../src/database/script.js';
import type { Beat } from '../../../src/database/tasks/task-rows.js';
import type { Progress } from '../../../src/model/task.js';
import { DatabaseUnreachableError, DatabaseUnusableError, LeaseLostError } from '../../../src/runtime/errors.js';
import type { Logger } from '../../../src/runtime/logger.js';
import type { Lang } from '../../../src/runtime/lang.js';
import { BeatRounds } from '../../../src/tasks/run/beat-rounds.js';
import { Heartbeat } from '../../../src/tasks/run/heartbeat.js';
import type { LivenessEvent } from '../../../src/model/liveness-event.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { followersOf } from '../../support/followers-of.js';
import { rejectionOf } from '../../support/rejection.js';

const intervalMs = 30_000;
const stallAfterMs = 300_000;
const progress: Progress = { mode: 'realtime', nextBlock: 1, targetBlock: null, headBlock: 2, events: 0 };

describe('a heartbeat', () => {
  let clock: FakeClock;
  /** What the database does: which tasks no longer run, or what it throws. */
  let answer: () => Promise<readonly number[]>;
  let beats: { at: number; id: number | undefined; progress: Progress | null | undefined }[];
  /** When it was asked, in seconds, whether the task has ended; and which tasks have. */
  let asked: number[];
  let ended: () => Promise<readonly number[]>;
  let events: LivenessEvent[];
  let lines: { level: string; message: string; event: unknown }[];
  /** How often it told that nobody knows how far it is behind. */
  let doubts: number;
  let heartbeat: Heartbeat;
  let done: AbortController;

  const begin = (lang: Lang = 'en'): Heartbeat => {
    const logger: Logger = {
      log: (level, message, fields) => lines.push({ level, message, event: fields?.['event'] }),
    };
    const tasks = {
      renew: ([beat]: readonly Beat[]): Promise<readonly number[]> => {
        beats.push({ at: clock.monotonic() - 1_000, id: beat?.taskId, progress: beat?.progress });
        return answer();
      },
    };
    const listEnded = (ids: readonly number[]): Promise<readonly number[]> => {
      asked.push((clock.monotonic() - 1_000) / 1_000);
      return ended().then((all) => ids.filter((id) => all.includes(id)));
    };
    const rounds = new BeatRounds({ tasks: { ...tasks, listEnded }, clock, random: () => 0 });
    const observe = (event: LivenessEvent): unknown => events.push(event);
    const onDoubt = (): unknown => doubts++;
    const times = { intervalMs, stallAfterMs };
    return new Heartbeat({ taskId: 123, pipelineId: 45, rounds, clock, logger, lang, observe, onDoubt, ...times });
  };

  beforeEach(() => {
    clock = new FakeClock();
    answer = (): Promise<readonly number[]> => Promise.resolve([]);
    beats = [];
    asked = [];
    ended = (): Promise<readonly number[]> => Promise.resolve([]);
    lines = [];
    events = [];
    doubts = 0;
    heartbeat = begin();
    done = new AbortController();
  });
  afterEach(() => done.abort());

  const never = new AbortController().signal;
  const moved = (known: Partial<Progress> = {}): Promise<void> => heartbeat.moved({ ...progress, ...known }, never);
  const times = (): number[] => beats.map(({ at }) => at / 1000);
  const away = (): Promise<never> => Promise.reject(new DatabaseUnreachableError('the database is away'));
  const busy = new DatabaseUnreachableError('the database is busy: a lock', { hint: 'see who holds it' });
  const outcome = (work: Promise<unknown>): (() => unknown) => {
    let result: unknown = 'waits';
    work.then(
      () => (result = 'done'),
      (error: unknown) => (result = error),
    );
    return () => result;
  };

  describe('on a database that is no longer the one that it was', () => {
    const gone = new DatabaseUnusableError('the file was deleted');

    it('ends its run at once, whether the work moves or a call is in the air', async () => {
      await moved();
      answer = (): Promise<never> => Promise.reject(gone);
      const ticking = heartbeat.tick(done.signal);
      await clock.advance(intervalMs);
      await ticking;
      expect(heartbeat.lost.reason).to.equal(gone);
      expect(await rejectionOf(moved())).to.equal(gone);
      expect(beats).to.have.length(2);
    });

    it('waits for nothing where it would renew before it goes on', async () => {
      await moved();
      answer = (): Promise<never> => Promise.reject(gone);
      const recovered = outcome(heartbeat.recover(busy, never));
      await settle();
      expect(recovered()).to.equal(gone);
    });
  });

  describe('on a database that takes beats and nothing else', () => {
    const told = (): string[] =>
      lines.filter(({ event }) => String(event).startsWith('task.')).map(({ level, message }) => `${level} ${message}`);
    const unknownFor = (): unknown[] => beats.map((beat) => beat.progress?.lagUnknownSeconds);
    const commit = async (ms: number): Promise<void> => {
      await clock.advance(ms);
      await Promise.all([heartbeat.recover(busy, never), clock.advance(intervalMs)]);
    };

    it('tells at first, and then once a minute, what the database says, and once that it goes on', async () => {
      await moved();
      await clock.advance(17_000);
      await heartbeat.recover(busy, never);
      const waiting = (seconds: number): string =>
        `warn waiting for the database, for ${seconds} s by now: the database is busy: a lock (see who holds it)`;
      expect(told()).to.deep.equal([waiting(17)]);
      for (let round = 0; round < 3; round++) await commit(1_000);
      expect(told()).to.deep.equal([waiting(17), waiting(80)]);
      heartbeat.renewed(progress);
      heartbeat.renewed(progress);
      expect(told().slice(2)).to.deep.equal(['info the database lets the work go on, after 110 s']);
      await heartbeat.recover(busy, never);
      expect(told().slice(3)).to.deep.equal([waiting(0)]);
    });

    it('tells nothing of what fails once nobody waits for it any more', async () => {
      await moved();
      done.abort(new Error('given up'));
      expect(await rejectionOf(heartbeat.recover(busy, done.signal))).to.equal(done.signal.reason);
      expect(told()).to.deep.equal([]);
    });

    it('tells nothing of a commit that met one of others', async () => {
      await moved();
      await heartbeat.recover(new FenceError(), never);
      heartbeat.renewed(progress);
      expect(told()).to.deep.equal([]);
      expect(heartbeat.shown(progress)).to.equal(progress);
    });

    it('beats with the word that nobody knows how far it is behind, until the work goes on', async () => {
      await moved();
      await clock.advance(17_000);
      await heartbeat.recover(busy, never);
      await commit(1_000);
      expect(unknownFor()).to.deep.equal([undefined, 17, 18]);
      expect(doubts).to.equal(2);
      heartbeat.renewed(progress);
      await clock.advance(intervalMs);
      await heartbeat.moved(progress, never);
      expect(unknownFor()).to.deep.equal([undefined, 17, 18, undefined]);
      expect(beats.at(-1)?.progress, 'the commit has told it').to.equal(null);
    });

    it('does so too while one commit is in the air for long, and not for a call to a node', async () => {
      await moved();
      void heartbeat.tick(done.signal);
      await clock.advance(31_000);
      expect(unknownFor()).to.deep.equal([undefined, undefined]);
      await moved();
      heartbeat.isCommitting = true;
      await clock.advance(9_000);
      expect(heartbeat.shown(progress)).to.equal(progress);
      await clock.advance(20_000);
      expect(unknownFor()).to.deep.equal([undefined, undefined, 29]);
      heartbeat.isCommitting = false;
      expect(heartbeat.shown(progress)).to.equal(progress);
    });

    it('says no such thing of history, which is behind by intention', async () => {
      await moved({ mode: 'historical' });
      await clock.advance(17_000);
      await heartbeat.recover(busy, never);
      expect(unknownFor()).to.deep.equal([undefined, undefined]);
      expect(doubts).to.equal(0);
    });
  });

  describe('of a loop that moves', () => {
    it('beats at the first progress, with it', async () => {
      expect(heartbeat.beatAt).to.equal(null);
      await moved({ nextBlock: 7 });
      expect(beats).to.deep.equal([{ at: 0, id: 123, progress: { ...progress, nextBlock: 7 } }]);
      expect(heartbeat.beatAt).to.equal(clock.now());
      expect(lines).to.deep.equal([{ level: 'debug', message: 'heartbeat: task_id=123', event: 'heartbeat.sent' }]);
    });

    it('beats when a beat is due, and not more often', async () => {
      for (let second = 0; second <= 100; second++) {
        await moved();
        await clock.advance(1_000);
      }
      expect(times()).to.deep.equal([0, 30, 60, 90]);
    });

    it('counts a commit as a beat', async () => {
      await moved();
      await clock.advance(20_000);
      heartbeat.renewed(progress);
      await clock.advance(20_000);
      await moved();
      expect(times()).to.deep.equal([0]);
      await clock.advance(10_000);
      await moved();
      expect(times()).to.deep.equal([0, 50]);
    });

    it('tells of a commit that renews the lease before a beat lands after an outage: no beat may be due for long', async () => {
      const kinds = (): readonly string[] => events.map(({ kind }) => kind);
      await moved();
      heartbeat.renewed(progress);
      expect(kinds()).to.deep.equal(['beat_landed']);
      answer = away;
      void heartbeat.tick(done.signal);
      await clock.advance(intervalMs);
      expect(kinds().at(-1)).to.equal('beat_failed');
      answer = (): Promise<readonly number[]> => Promise.resolve([]);
      events.length = 0;
      for (let commit = 0; commit < 10; commit++) {
        heartbeat.renewed(progress);
        await clock.advance(intervalMs / 2);
      }
      expect(kinds()).to.deep.equal(['renewed_again']);
    });

    it('beats once however many ask at the same time', async () => {
      let land: (lost: readonly number[]) => void = () => undefined;
      answer = () => new Promise((resolve) => (land = resolve));
      const all = Promise.all([moved(), moved(), heartbeat.recover(busy, never)]);
      await settle();
      land([]);
      await all;
      expect(beats).to.have.length(1);
    });

    it('counts a beat from when it was sent', async () => {
      answer = async (): Promise<readonly number[]> => {
        await clock.sleep(12_000);
        return [];
      };
      const beat = moved();
      await clock.advance(12_000);
      await beat;
      await clock.advance(18_000);
      answer = (): Promise<readonly number[]> => Promise.resolve([]);
      await moved();
      expect(times()).to.deep.equal([0, 30]);
    });
  });

  describe('of a call in the air', () => {
    beforeEach(async () => {
      await moved();
      void heartbeat.tick(done.signal);
      await settle();
    });

    it('goes on until nothing has moved for the stall limit, and says so once', async () => {
      await clock.advance(1_000_000);
      expect(times()).to.deep.equal([0, 30, 60, 90, 120, 150, 180, 210, 240, 270]);
      const stalled = lines.filter(({ event }) => event === 'task.stalled');
      expect(stalled).to.deep.equal([
        { level: 'warn', message: 'nothing has moved for 300 s: task 123 stops beating', event: 'task.stalled' },
      ]);
    });

    it('begins again with the next progress, and can stall again', async () => {
      await clock.advance(400_000);
      await moved();
      expect(times().at(-1)).to.equal(400);
      await clock.advance(1_000_000);
      expect(times().at(-1)).to.equal(670);
      expect(lines.filter(({ event }) => event === 'task.stalled')).to.have.length(2);
    });

    it('asks once an interval, once it has stalled, whether its task was ended, and does not beat', async () => {
      await moved();
      void heartbeat.tick(done.signal);
      await clock.advance(stallAfterMs - 1_000);
      expect(asked).to.deep.equal([]);
      const before = beats.length;
      await clock.advance(1_000 + 3 * intervalMs);
      expect(asked).to.deep.equal([300, 330, 360, 390]);
      expect(beats).to.have.length(before);
    });

    it('learns within an interval that its task was ended, though it has stalled, and asks no more', async () => {
      await moved();
      void heartbeat.tick(done.signal);
      await clock.advance(stallAfterMs + 1_000);
      ended = (): Promise<readonly number[]> => Promise.resolve([123]);
      expect(heartbeat.lost.aborted).to.equal(false);
      await clock.advance(intervalMs - 1_000);
      expect(heartbeat.lost.aborted).to.equal(true);
      expect(heartbeat.lost.reason).to.be.instanceOf(LeaseLostError);
      expect(events.at(-1)).to.deep.include({ kind: 'beat_refused' });
      const before = asked.length;
      await clock.advance(3 * intervalMs);
      expect(asked).to.have.length(before);
    });

    it('is silent about a beat that its task’s own end has overtaken', async () => {
      await moved();
      void heartbeat.tick(done.signal);
      heartbeat.ending();
      answer = (): Promise<readonly number[]> => Promise.resolve([123]);
      await clock.advance(intervalMs);
      expect(heartbeat.lost.aborted).to.equal(true);
      expect(events.map(({ kind }) => kind)).to.deep.equal(['beat_landed']);
    });

    it('asks again within an interval where nobody could answer, and beats as soon as it moves meanwhile', async () => {
      await moved();
      void heartbeat.tick(done.signal);
      ended = away;
      await clock.advance(stallAfterMs + intervalMs);
      expect(asked).to.deep.equal([300, 330]);
      ended = () => new Promise(() => undefined);
      await clock.advance(intervalMs);
      const before = beats.length;
      await moved();
      await clock.advance(intervalMs);
      expect(beats).to.have.length(before + 2);
    });

    it('does not double the beats of the loop', async () => {
      for (let i = 0; i < 10; i++) {
        await clock.advance(10_000);
        await moved();
      }
      expect(times()).to.deep.equal([0, 30, 60, 90]);
    });

    it('stops with its signal', async () => {
      done.abort();
      await settle();
      await clock.advance(100_000);
      expect(times()).to.deep.equal([0]);
      expect(clock.sleeping).to.equal(0);
    });

    it('tells the run when the lease is lost, and beats no more', async () => {
      answer = (): Promise<readonly number[]> => Promise.resolve([123]);
      expect(heartbeat.lost.aborted).to.equal(false);
      await clock.advance(30_000);
      expect(heartbeat.lost.reason).to.be.instanceOf(LeaseLostError);
      await clock.advance(100_000);
      expect(times()).to.deep.equal([0, 30]);
      expect(outcome(moved())()).to.equal('waits');
      await rejectionOf(moved(), LeaseLostError);
      expect(beats).to.have.length(2);
    });

    it('tries again soon, then at most an interval apart, while the database is away', async () => {
      answer = away;
      await clock.advance(200_000);
      const gaps = times()
        .slice(1)
        .map((at, i) => at - times()[i]!);
      expect(gaps[0]).to.equal(30);
      expect(gaps[1]).to.be.at.most(0.25);
      expect(Math.max(...gaps)).to.be.at.most(30);
      expect(gaps.length).to.be.within(8, 25);
      answer = (): Promise<readonly number[]> => Promise.resolve([]);
      await clock.advance(30_000);
      const back = times().length;
      await clock.advance(29_000);
      expect(times().length).to.be.within(back, back + 1);
    });
  });

  describe('of a run whose database is away', () => {
    it('says so in the line that operators search for', async () => {
      answer = away;
      const first = outcome(heartbeat.moved(progress, done.signal));
      await settle();
      expect(lines).to.deep.equal([
        {
          level: 'error',
          message: 'heartbeat failed: task_id=123, error: the database is away',
          event: 'heartbeat.failed',
        },
      ]);
      done.abort();
      await settle();
      expect(first()).not.to.equal('waits');
      lines = [];
      heartbeat = begin('zh');
      void moved();
      await settle();
      expect(lines[0]?.message).to.equal('更新任务心跳异常: task_id=123, 错误: the database is away');
      answer = (): Promise<readonly number[]> => Promise.resolve([]);
      await clock.advance(1_000);
      expect(lines.at(-1)?.message).to.equal('任务心跳已更新: task_id=123');
    });

    it('pauses, tries with a backoff of at most one interval, and goes on', async () => {
      answer = away;
      const state = outcome(moved());
      await settle();
      await clock.advance(250_000);
      expect(state()).to.equal('waits');
      const gaps = times()
        .slice(1)
        .map((at, i) => at - times()[i]!);
      expect(Math.max(...gaps)).to.be.at.most(30);
      expect(gaps.at(-1)).to.be.at.least(15);
      answer = (): Promise<readonly number[]> => Promise.resolve([]);
      await clock.advance(30_000);
      expect(state()).to.equal('done');
    });

    it('tries less and less often also where the loop and the ticker both would', async () => {
      answer = away;
      void heartbeat.tick(done.signal);
      void moved();
      await clock.advance(1_000);
      const soon = times().length;
      expect(soon).to.be.at.most(5);
      await clock.advance(120_000);
      expect(times().length - soon).to.be.at.most(16);
    });

    it('stops where the lease is another’s by then', async () => {
      answer = away;
      const state = outcome(moved());
      await clock.advance(10_000);
      answer = (): Promise<readonly number[]> => Promise.resolve([123]);
      await clock.advance(30_000);
      expect(state()).to.be.instanceOf(LeaseLostError);
      expect(heartbeat.lost.reason).to.equal(state());
    });

    it('stops at once where it recovers and the lease is another’s', async () => {
      answer = (): Promise<readonly number[]> => Promise.resolve([123]);
      const state = outcome(heartbeat.recover(busy, never));
      await settle();
      expect(state()).to.be.instanceOf(LeaseLostError);
    });

    it('renews before it goes on, though no beat is due', async () => {
      await moved();
      await clock.advance(1_000);
      answer = away;
      const first = outcome(heartbeat.recover(busy, done.signal));
      await settle();
      done.abort(new Error('enough'));
      await settle();
      expect(String(first())).to.equal('Error: enough');
      answer = (): Promise<readonly number[]> => Promise.resolve([]);
      const before = beats.length;
      await moved();
      expect(beats).to.have.length(before + 1);
    });

    it('waits longer and longer where the lease is renewed and yet nothing moves, and gives up in the end', async () => {
      await moved();
      const started = clock.monotonic();
      const waits: number[] = [];
      let failure: unknown;
      const stuck = (async (): Promise<void> => {
        for (;;) {
          await heartbeat.recover(busy, never);
          waits.push(clock.monotonic() - started);
        }
      })().catch((error: unknown) => (failure = error));
      for (let second = 0; second < 400 && failure === undefined; second++) await clock.advance(1_000);
      await stuck;
      expect(waits.length).to.be.within(8, 40);
      expect(failure).to.be.instanceOf(DatabaseUnreachableError).and.to.include({ hint: busy.hint, cause: busy });
      expect(String(failure)).to.match(
        /: the database answers, but for 3\d\d s nothing .*: the database is busy: a lock$/,
      );
      expect(clock.monotonic() - started).to.be.within(300_000, 335_000);
    });

    it('ends at once where calls must be dropped', async () => {
      answer = away;
      const state = outcome(heartbeat.moved(progress, done.signal));
      await clock.advance(10_000);
      done.abort(new Error('stopped by SIGINT'));
      await settle();
      expect(String(state())).to.equal('Error: stopped by SIGINT');
    });

    it('does not count the wait as standing still', async () => {
      await moved();
      void heartbeat.tick(done.signal);
      await clock.advance(29_000);
      answer = away;
      await clock.advance(1_000);
      void moved();
      await clock.advance(600_000);
      expect(lines.filter(({ event }) => event === 'task.stalled')).to.deep.equal([]);
      answer = (): Promise<readonly number[]> => Promise.resolve([]);
      await clock.advance(30_000);
      const back = times().length;
      await clock.advance(120_000);
      expect(times().length).to.be.within(back + 3, back + 4);
    });
  });

  it('leaves nothing of a beat at the signal of its run', async () => {
    const run = new AbortController();
    for (let beat = 0; beat < 3; beat++) {
      await heartbeat.moved(progress, run.signal);
      await clock.advance(60_000);
    }
    expect(beats.length).to.be.at.least(3);
    expect([followersOf(run.signal), followersOf(heartbeat.lost)]).to.deep.equal([0, 0]);
  });
});
