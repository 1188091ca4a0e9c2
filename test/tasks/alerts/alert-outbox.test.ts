import { expect } from 'chai';
import { AlertDeliveryError } from '../../../src/runtime/errors.js';
import { noMonitor } from '../../../src/tasks/alerts/alert-conditions.js';
import { toAlertMessage } from '../../../src/tasks/alerts/alert-message.js';
import type { AlertChannel, AlertMessage } from '../../../src/tasks/alerts/alert-message.js';
import { AlertOutbox } from '../../../src/tasks/alerts/alert-outbox.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';

function message(): AlertMessage {
  return toAlertMessage('raised', noMonitor(), { alertId: 1, worker: 'here:1', openSeconds: 0, now: 0 });
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
    const sent = [message(), message()];
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

  it('gives up after half a minute, says so once, and goes on with the next', async () => {
    answer = fail(true);
    const outbox = open(channel);
    outbox.post(message());
    outbox.post(message());
    await clock.advance(120_000);
    expect(got).to.have.length(12);
    expect(warnings()).to.deep.equal([
      'warn: the webhook did not get alert.raised no_monitor:monitor: it answered with status 500',
      'warn: the webhook did not get alert.raised no_monitor:monitor: it answered with status 500',
    ]);
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
    for (let i = 0; i < 103; i++) outbox.post(message());
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
