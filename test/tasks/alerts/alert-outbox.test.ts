import { expect } from 'chai';
import { AlertDeliveryError } from '../../../src/runtime/errors.js';
import { heartbeatFailing, noMonitor } from '../../../src/tasks/alerts/alert-conditions.js';
import { toAlertMessage } from '../../../src/tasks/alerts/alert-message.js';
import type { AlertChannel, AlertMessage, AlertNews } from '../../../src/tasks/alerts/alert-message.js';
import { AlertOutbox } from '../../../src/tasks/alerts/alert-outbox.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';

const told = { alertId: 1, worker: 'here:1', openSeconds: 0, now: 0 };

function message(news: AlertNews = 'raised'): AlertMessage {
  return toAlertMessage(news, noMonitor(), told);
}

/** A message about a task. */
function about(taskId: number): AlertMessage {
  return toAlertMessage('raised', heartbeatFailing({ taskId, pipelineId: 45 }, 3, 'gone'), told);
}

describe('the outbox of alerts', () => {
  let clock: FakeClock;
  let logger: MemoryLogger;
  let got: AlertMessage[];
  let answer: () => Promise<void>;
  const channel: AlertChannel = {
    name: 'webhook',
    send: (sent) => {
      got.push(sent);
      return answer();
    },
  };

  beforeEach(() => {
    clock = new FakeClock();
    logger = new MemoryLogger();
    got = [];
    answer = (): Promise<void> => Promise.resolve();
  });

  const open = (...channels: AlertChannel[]): AlertOutbox => new AlertOutbox({ channels, clock, logger });
  const fail = (retryable: boolean) => (): Promise<never> =>
    Promise.reject(new AlertDeliveryError('it answered with status 500', { retryable }));
  const warnings = (): string[] => logger.lines.filter((line) => line.startsWith('warn'));

  it('delivers each message to every channel, and waits for nobody', async () => {
    const other: AlertMessage[] = [];
    const outbox = open(channel, { name: 'command', send: (sent) => Promise.resolve(void other.push(sent)) });
    const sent = [message(), about(1)];
    sent.forEach((one) => outbox.post(one));
    await settle();
    expect(got).to.deep.equal(sent);
    expect(other).to.deep.equal(sent);
  });

  it('tries again with a growing delay, the same message each time', async () => {
    answer = fail(true);
    const outbox = open(channel);
    outbox.post(message());
    await clock.advance(3_500);
    expect(got.length).to.be.within(3, 4);
    expect(new Set(got.map(({ id }) => id)).size).to.equal(1);
    answer = (): Promise<void> => Promise.resolve();
    await clock.advance(60_000);
    expect(warnings()).to.deep.equal([]);
    expect(logger.lines.at(-1)).to.equal('debug: the webhook took alert.raised: no_monitor:monitor');
  });

  it('holds up the others for half a minute, says so once, and goes on trying after them', async () => {
    answer = fail(true);
    const outbox = open(channel);
    outbox.post(about(1));
    outbox.post(about(2));
    await clock.advance(120_000);
    expect(warnings()).to.deep.equal([
      'warn: the webhook did not get alert.raised heartbeat_failing:task 1: it answered with status 500; it is tried again',
      'warn: the webhook did not get alert.raised heartbeat_failing:task 2: it answered with status 500; it is tried again',
    ]);
    const order = got.splice(0).map(({ data }) => data.task_id);
    expect(order.slice(0, 12)).to.deep.equal([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
    await clock.advance(3_600_000);
    // Each of the two at least every five minutes, and soon at most every two and a half.
    expect(got.length).to.be.within(20, 56);
    expect(warnings()).to.have.length(2);
    const fine = about(3);
    answer = (): Promise<void> => Promise.resolve();
    outbox.post(fine);
    await settle();
    expect(got.at(-1)).to.equal(fine);
    await clock.advance(300_000);
    expect(logger.lines.filter((line) => line.startsWith('info'))).to.have.members([
      'info: the webhook took alert.raised: heartbeat_failing:task 1',
      'info: the webhook took alert.raised: heartbeat_failing:task 2',
    ]);
  });

  it('tells that an alert is over after an outage of the receiver, in place of what it has not got of it', async () => {
    answer = fail(true);
    const outbox = open(channel);
    outbox.post(message('raised'));
    await clock.advance(60_000);
    outbox.post(message('cleared'));
    await clock.advance(3_600_000);
    answer = (): Promise<void> => Promise.resolve();
    got = [];
    await clock.advance(300_000);
    expect(got.map(({ type }) => type)).to.deep.equal(['alert.cleared']);
    await clock.advance(3_600_000);
    expect(got).to.have.length(1);
  });

  it('asks of what goes late whether it is still so, and sends it where nobody can say', async () => {
    answer = fail(true);
    const outbox = open(channel);
    let isCurrent = (): Promise<boolean> => Promise.reject(new Error('the database is away'));
    outbox.post(message(), { isCurrent: () => isCurrent() });
    await clock.advance(3_600_000);
    expect(got.length).to.be.greaterThan(12);
    isCurrent = (): Promise<boolean> => Promise.resolve(false);
    got = [];
    await clock.advance(3_600_000);
    expect(got).to.deep.equal([]);
    isCurrent = (): Promise<boolean> => new Promise(() => undefined);
    outbox.post(message(), { isCurrent: () => isCurrent() });
    await clock.advance(120_000);
    expect(got.length).to.be.greaterThan(6);
  });

  it('does not ask of what goes at once', async () => {
    open(channel).post(message(), { isCurrent: () => Promise.resolve(false) });
    await settle();
    expect(got).to.have.length(1);
  });

  it('leaves a receiver alone for as long as it asks, with all that waits', async () => {
    const refuse = { retryable: true, retryAfterMs: 120_000 };
    answer = (): Promise<never> => Promise.reject(new AlertDeliveryError('it answered with status 429', refuse));
    const outbox = open(channel);
    outbox.post(about(1));
    await clock.advance(1_000);
    outbox.post(about(2));
    await clock.advance(100_000);
    expect(got).to.have.length(1);
    answer = (): Promise<void> => Promise.resolve();
    await clock.advance(20_000);
    expect(got).to.have.length(3);
  });

  it('leaves it alone, too, where a newer message has taken the place of the one that it refused', async () => {
    let refuse = (): void => undefined;
    answer = (): Promise<void> =>
      new Promise((_resolve, reject) => {
        refuse = (): void => reject(new AlertDeliveryError('429', { retryable: true, retryAfterMs: 120_000 }));
      });
    const outbox = open(channel);
    outbox.post(message());
    await settle();
    outbox.post(message('cleared'));
    refuse();
    await clock.advance(119_000);
    expect(got.map(({ type }) => type)).to.deep.equal(['alert.raised']);
    await clock.advance(1_000);
    expect(got.map(({ type }) => type)).to.deep.equal(['alert.raised', 'alert.cleared']);
  });

  describe('with what no channel takes', () => {
    let untaken: number;
    const note = { onUntaken: (): unknown => untaken++ };
    const other: AlertChannel = { name: 'Slack', send: () => answer() };

    beforeEach(() => (untaken = 0));

    it('tries it for a quarter of an hour, and leaves it to others then', async () => {
      answer = fail(true);
      open(channel, other).post(message(), note);
      await clock.advance(890_000);
      expect(untaken).to.equal(0);
      await clock.advance(310_000);
      expect(untaken).to.equal(1);
      got = [];
      await clock.advance(3_600_000);
      expect(got).to.deep.equal([]);
    });

    it('leaves to others what all refuse for good as late, and does not try it meanwhile', async () => {
      answer = fail(false);
      open(channel, other).post(message(), note);
      await clock.advance(890_000);
      expect(untaken).to.equal(0);
      await clock.advance(20_000);
      expect(untaken).to.equal(1);
      expect(got).to.have.length(1);
      expect(clock.sleeping).to.equal(0);
    });

    it('leaves to others what gave way to newer messages', async () => {
      answer = (): Promise<void> => new Promise(() => undefined);
      const outbox = open(channel);
      outbox.post(about(0));
      outbox.post(message(), note);
      for (let i = 1; i <= 100; i++) outbox.post(about(i));
      await clock.advance(910_000);
      expect(untaken).to.equal(1);
    });

    it('gives up what it repeats as early', async () => {
      const outbox = open(channel);
      outbox.post(message(), note);
      await settle();
      answer = fail(true);
      outbox.post(message('repeated'));
      await clock.advance(910_000);
      got = [];
      answer = (): Promise<void> => Promise.resolve();
      await clock.advance(3_600_000);
      expect(got).to.deep.equal([]);
      expect(untaken).to.equal(0);
    });

    it('waits no longer where it is repeated meanwhile', async () => {
      answer = fail(true);
      const outbox = open(channel);
      outbox.post(message(), note);
      await clock.advance(600_000);
      outbox.post(message('repeated'));
      await clock.advance(310_000);
      expect(untaken).to.equal(1);
    });

    it('counts as told what is taken when it is repeated, or while it is', async () => {
      let take = (): void => undefined;
      answer = (): Promise<void> => new Promise((resolve) => (take = resolve));
      const outbox = open(channel);
      outbox.post(message(), note);
      await settle();
      outbox.post(message('repeated'));
      answer = fail(true);
      take();
      await clock.advance(910_000);
      outbox.post(about(1), note);
      await clock.advance(60_000);
      answer = (): Promise<void> => Promise.resolve();
      outbox.post({ ...about(1), type: 'alert.repeated' });
      await clock.advance(3_600_000);
      expect(untaken).to.equal(0);
    });

    it('says so when it ends, whether it was to be tried again or was refused for good', async () => {
      for (const retryable of [true, false]) {
        answer = fail(retryable);
        const outbox = open(channel, other);
        outbox.post(message(), note);
        await clock.advance(6_000);
        void outbox.close(1_000);
        await clock.advance(2_000);
      }
      expect(untaken).to.equal(2);
    });

    it('counts as told what one of them takes, and tries the others on', async () => {
      answer = fail(true);
      const outbox = open(channel, { name: 'Slack', send: () => Promise.resolve() });
      outbox.post(message(), note);
      await clock.advance(3_600_000);
      got = [];
      answer = (): Promise<void> => Promise.resolve();
      await clock.advance(300_000);
      expect(got).to.have.length(1);
      await outbox.close(0);
      expect(untaken).to.equal(0);
    });

    it('says nothing of it where there is no channel', async () => {
      const outbox = open();
      outbox.post(message(), note);
      await outbox.close(0);
      expect(untaken).to.equal(0);
    });

    it('says so at once of what is posted after its end', async () => {
      const outbox = open(channel);
      await outbox.close(0);
      outbox.post(message(), note);
      expect(untaken).to.equal(1);
    });

    it('does not log again what is posted again', async () => {
      answer = fail(true);
      open(channel).post(message(), { isKnown: true });
      await clock.advance(120_000);
      expect(warnings()).to.deep.equal([]);
    });
  });

  it('does not try again what can only fail again', async () => {
    answer = fail(false);
    open(channel).post(message());
    await clock.advance(60_000);
    expect(got).to.have.length(1);
    expect(warnings()).to.have.length(1);
  });

  it('lets the oldest of too many that wait give way', async () => {
    answer = (): Promise<void> => new Promise(() => undefined);
    const outbox = open(channel);
    for (let i = 0; i < 103; i++) outbox.post(about(i));
    await settle();
    expect(warnings()).to.have.length(2);
    expect(warnings()[0]).to.contain('too many are waiting');
  });

  it('waits at the end for what is on its way, but not for long', async () => {
    answer = fail(true);
    const outbox = open(channel);
    outbox.post(message());
    let closed = false;
    void outbox.close(1_000).then(() => (closed = true));
    await clock.advance(900);
    expect(closed).to.equal(false);
    await clock.advance(200);
    expect(closed).to.equal(true);
    expect(warnings()).to.deep.equal([
      'warn: the webhook did not get alert.raised no_monitor:monitor: this process has ended',
    ]);
    outbox.post(message());
    await settle();
    expect(warnings()).to.have.length(1);
  });
});
