import { join } from 'node:path';
import { expect } from 'chai';
import { ServiceNotifier } from '../../../src/cli/context/service-notifier.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { NotifySocket, withSystemdNotify } from '../../support/notify-socket.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('what a service tells systemd', () => {
  let clock: FakeClock;
  let logger: MemoryLogger;
  let stopping: AbortController;
  let words: string[];
  let failure: Error | null;

  beforeEach(() => {
    clock = new FakeClock();
    logger = new MemoryLogger();
    stopping = new AbortController();
    [words, failure] = [[], null];
  });

  const notifier = (env: Record<string, string> = {}): ServiceNotifier =>
    new ServiceNotifier({
      ...{ pid: 7, clock, logger, stopping: stopping.signal },
      env: { NOTIFY_SOCKET: '/run/notify', ...env },
      speak: (said) => {
        words.push(said.join(' '));
        return failure === null ? Promise.resolve() : Promise.reject(failure);
      },
    });
  const turnAfter = async (ms: number, service: ServiceNotifier, status: string): Promise<void> => {
    await clock.advance(ms);
    service.turned(status);
    await clock.advance(0);
  };
  const watchdog = { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' };

  it('is that it is ready with the first turn of its work, how it stands, and that it ends', async () => {
    await turnAfter(0, notifier(), 'idle');
    stopping.abort();
    expect(words).to.deep.equal(['STATUS=idle READY=1', 'STOPPING=1']);
  });

  it('feeds the watchdog three times within its limit as long as the work comes round, and never by itself', async () => {
    const service = notifier(watchdog);
    for (const ms of [0, 19_000, 1_000]) await turnAfter(ms, service, 'idle');
    await clock.advance(600_000);
    expect(words).to.deep.equal(['STATUS=idle READY=1 WATCHDOG=1', 'STATUS=idle WATCHDOG=1']);
  });

  it('is a new state at most every 5 s, and the same one only for the watchdog', async () => {
    const service = notifier();
    await turnAfter(0, service, 'idle');
    await turnAfter(4_000, service, 'busy');
    await turnAfter(1_000, service, 'busy');
    await turnAfter(600_000, service, 'busy');
    expect(words).to.deep.equal(['STATUS=idle READY=1', 'STATUS=busy']);
  });

  it('leaves a watchdog alone that means another process', async () => {
    const service = notifier({ ...watchdog, WATCHDOG_PID: '8' });
    for (const ms of [0, 600_000]) await turnAfter(ms, service, 'idle');
    expect(words).to.deep.equal(['STATUS=idle READY=1']);
  });

  it('is nothing outside of systemd', async () => {
    await turnAfter(0, notifier({ NOTIFY_SOCKET: '' }), 'idle');
    stopping.abort();
    expect(words).to.deep.equal([]);
  });

  it('is told again where it was not heard, with a warning', async () => {
    const service = notifier();
    failure = new Error('nobody listens');
    await turnAfter(0, service, 'idle');
    failure = null;
    await turnAfter(5_000, service, 'idle');
    expect(words).to.deep.equal(['STATUS=idle READY=1', 'STATUS=idle READY=1']);
    expect(logger.lines).to.deep.equal(['warn: systemd was not told STATUS=idle, READY=1: nobody listens']);
  });

  withSystemdNotify("systemd's own systemd-notify", () => {
    it('carries it to the datagram socket', async () => {
      const socket = await NotifySocket.open(join(temporaryFolder(), 'notify'));
      const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: socket.path, ...watchdog };
      new ServiceNotifier({ env, pid: 7, clock, logger, stopping: stopping.signal }).turned('2 of 4 tasks');
      await socket.hears(/STATUS=2 of 4 tasks READY=1 WATCHDOG=1/);
      await socket.close();
    });
  });
});
