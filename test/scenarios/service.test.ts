import { join } from 'node:path';
import { expect } from 'chai';
import type { Child } from '../support/child.js';
import { freePort } from '../support/free-port.js';
import { NotifySocket, withSystemdNotify } from '../support/notify-socket.js';
import { startChainparse } from '../support/processes.js';
import { runInPlace } from '../cli/run-in.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** What systemd gives a service whose watchdog has 3 s; WATCHDOG_PID is left out, as the shell of a test can't know it. */
const watchdog = { WATCHDOG_USEC: '3000000' };

withSystemdNotify('chainparse under systemd', () => {
  let socket: NotifySocket;
  let env: Record<string, string>;
  let cwd: string;

  beforeEach(async () => {
    cwd = temporaryFolder();
    socket = await NotifySocket.open(join(cwd, 'notify'));
    env = { CHAINPARSE_DATABASE_URL: `sqlite:${cwd}/service.db`, NOTIFY_SOCKET: socket.path, ...watchdog };
    expect((await runInPlace({ cwd, env }, ['migrate'])).code).to.equal(0);
  });
  afterEach(() => socket.close());

  const start = (...args: string[]): Child => startChainparse(args, { cwd, env });
  const feeds = (): number => socket.heard.filter((line) => line.includes('WATCHDOG=1')).length;

  for (const [command, status] of [
    ['worker', '0 of 4 tasks at one time'],
    ['monitor', 'watches the running tasks'],
    ['serve', 'serves'],
  ] as const) {
    it(`has ${command} say that it is up, what it does, and that it ends`, async () => {
      const port = command === 'serve' ? ['--port', String(await freePort())] : [];
      const child = start(command, ...port);
      await socket.hears(new RegExp(`STATUS=${status} READY=1 WATCHDOG=1`));
      child.signal('SIGTERM');
      await socket.hears(/STOPPING=1/);
      expect((await child.exit()).code).to.equal(0);
    });
  }

  it('has a worker feed the watchdog again and again, and not where it stands still', async () => {
    const child = start('worker');
    await socket.hears(/(?:[^]*WATCHDOG=1){3}/);
    child.signal('SIGSTOP');
    // What it had begun to say may still be heard.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = feeds();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(feeds()).to.equal(before);
    await child.kill();
  });
});
