import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Fault } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { extentOf } from '../support/extent.js';

/** How long all endpoints are away, in seconds. */
const outageSeconds = extentOf({ sample: 9, full: 9, soak: 300 });
/** After how long without any move a task must fall silent, in seconds. */
const stallAfterSeconds = outageSeconds / 3;
/** A beat each second, ages in whole seconds, and the time that it takes to ask for them. */
const slackSeconds = 3;

/** How old a task's last heartbeat was, so many seconds after the endpoints went away. */
interface Sight {
  readonly atSeconds: number;
  readonly ageSeconds: number;
}

const noHead = (): Fault => ({
  kind: 'call-error',
  method: 'eth_getBlockByNumber',
  error: { code: -32_000, message: 'header not found' },
});

describe('a run whose endpoints all go away for a while', () => {
  let node: ChainSimulator;
  let mining: NodeJS.Timeout;
  let proxies: readonly TcpProxy[];
  let scenario: Scenario;
  let run: Child;

  beforeEach(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 64 });
    node.mine(100);
    mining = setInterval(() => node.mine(1), 250);
    const through = [await TcpProxy.before(node.url), await TcpProxy.before(node.url)];
    proxies = through.map(({ proxy }) => proxy);
    const urls = through.flatMap(({ url }) => ['--rpc-url', url]);
    scenario = await Scenario.begin('sqlite:events.db', node.url, { mode: 'realtime' });
    run = scenario.start('run-pipeline', '45', ...urls, '--stall-after', String(stallAfterSeconds));
    await caughtUp();
  });

  afterEach(async () => {
    clearInterval(mining);
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await node.stop();
  });

  /** Waits until the newest block of this moment is committed. */
  async function caughtUp(): Promise<void> {
    const head = node.head.number;
    await scenario.reaches(head);
  }

  /** Looks at the task's heartbeat, as anybody can, as long as the outage lasts. */
  async function watch(): Promise<readonly Sight[]> {
    const since = performance.now();
    const sights: Sight[] = [];
    for (;;) {
      const [task] = await scenario.tasks();
      const atSeconds = (performance.now() - since) / 1_000;
      if (atSeconds > outageSeconds) return sights;
      expect(task).to.include({ task_id: 1, status: 0 });
      sights.push({ atSeconds, ageSeconds: task?.heartbeat_age_seconds ?? Number.NaN });
      await new Promise((resolve) => setTimeout(resolve, Math.max(100, outageSeconds * 10)));
    }
  }

  const outages = [
    { what: 'refuse connections', begin: (proxy: TcpProxy) => proxy.cut() },
    { what: 'answer nothing', begin: (proxy: TcpProxy) => proxy.freeze() },
    { what: 'answer, and give no head any more', begin: () => void (node.options = { fault: noHead }) },
  ];
  for (const { what, begin } of outages) {
    it(`beats while it tries, is silent once that takes too long, and goes on by itself when they return (${what})`, async function () {
      this.timeout(outageSeconds * 1_000 + 60_000);
      proxies.forEach(begin);
      const sights = await watch();
      const tried = sights.filter(({ atSeconds }) => atSeconds < stallAfterSeconds);
      const stalled = sights.filter(({ atSeconds }) => atSeconds > stallAfterSeconds + slackSeconds);
      expect(Math.max(...tried.map(({ ageSeconds }) => ageSeconds)), 'age while it tries').to.be.at.most(slackSeconds);
      const lived = stalled.map(({ atSeconds, ageSeconds }) => atSeconds - ageSeconds);
      expect(Math.max(...lived), 'last beat').to.be.at.most(stallAfterSeconds + slackSeconds);

      const returnedAt = performance.now();
      for (const proxy of proxies) proxy.resume();
      node.options = {};
      await caughtUp();
      const recoveredMs = Math.round(performance.now() - returnedAt);
      expect(recoveredMs, 'recovery in milliseconds').to.be.below(10_000);

      clearInterval(mining);
      await caughtUp();
      run.signal('SIGTERM');
      const ended = await run.exit(12_000);
      expect(ended.code, ended.stderr).to.equal(0);
      expect(await scenario.exported()).to.deep.equal(idsOf(node.canonicalLogs()));
      const tasks = await scenario.tasks();
      expect(tasks.map(({ task_id, end_reason }) => [task_id, end_reason])).to.deep.equal([[1, 'stopped']]);
    });
  }
});
