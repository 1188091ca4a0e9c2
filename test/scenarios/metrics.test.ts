import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { Scenario } from '../support/scenario.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { eventually } from '../support/within.js';

const monitorArgs = ['monitor', '--interval', '0.3', '--heartbeat-interval', '1', '--metrics-port', '0'];

/** Waits until a process says where its metrics are. */
async function metricsUrlOf(child: Child): Promise<string> {
  const [, url] = await child.output(/metrics are served on (http:\/\/127\.0\.0\.1:\d+)/);
  return `${url}/metrics`;
}

async function scrape(url: string): Promise<string> {
  return (await fetch(url)).text();
}

describe('metrics on a port of their own', () => {
  let node: ChainSimulator;
  let scenario: Scenario;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
    scenario = await Scenario.begin(`sqlite:${temporaryFolder()}/metrics.db`, node.url, { mode: 'realtime' });
  });
  after(() => node.stop());

  it('tell what a run commits, asks and survives, and what a monitor judges', async function () {
    this.timeout(60_000);
    // What Prometheus is told does not depend on the rules of alerts.
    const off = { CHAINPARSE_ALERT_TASK_STALLED: 'off', CHAINPARSE_ALERT_TIMEOUT_RATE: 'off' };
    const monitor = scenario.in(off).start(...monitorArgs);
    const ofMonitor = await metricsUrlOf(monitor);
    await eventually('it has checked', async () =>
      /^chainparse_monitor_checks_total [1-9]/m.test(await scrape(ofMonitor)),
    );
    const run = scenario.run('--metrics-port', '0');
    const ofRun = await metricsUrlOf(run);
    await eventually('a beat and a commit are counted', async () => {
      const text = await scrape(ofRun);
      return (
        /^chainparse_heartbeats_total\{result="sent"\} [1-9]/m.test(text) &&
        /^chainparse_events_total\{pipeline="45"\} [1-9]/m.test(text)
      );
    });
    node.reorg(2);
    node.mine(1);
    const text = await eventually('the reorganisation is counted', async () => {
      const found = await scrape(ofRun);
      return /^chainparse_reorgs_total\{pipeline="45"\} 1$/m.test(found) ? found : null;
    });
    const { host } = new URL(node.url);
    expect(text).to.match(
      new RegExp(`^chainparse_rpc_requests_total\\{endpoint="${host}",method="eth_getLogs",result="ok"\\} [1-9]`, 'm'),
    );
    expect(text).to.contain(`chainparse_endpoint_up{chain_id="31337",endpoint="${host}"} 1`);
    for (const name of [
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
      'chainparse_build_info{version=',
    ]) {
      expect(text).to.contain(name);
    }
    expect(text).to.match(/^chainparse_lag_blocks\{pipeline="45"\} \d+$/m);
    expect(text).to.match(/^chainparse_heartbeat_age_seconds [0-2](\.\d+)?$/m);
    expect(text).to.match(/^chainparse_database_up 1$/m);
    // A run knows nothing of the silence of others, and does not claim that there is none.
    expect(text).not.to.match(/^chainparse_tasks_silent /m);
    await eventually('the monitor has seen it', async () =>
      /^chainparse_tasks\{status="running"\} 1$/m.test(await scrape(ofMonitor)),
    );
    await eventually('and that nobody is silent', async () =>
      /^chainparse_tasks_silent 0$/m.test(await scrape(ofMonitor)),
    );
    await eventually('the run knows that it is watched', async () =>
      /^chainparse_monitors_alive [1-9]/m.test(await scrape(ofRun)),
    );
    for (const process of [run, monitor]) process.signal('SIGTERM');
    for (const process of [run, monitor]) expect((await process.exit(12_000)).code).to.equal(0);
  });

  it('cost a run nothing where its port is taken: exit 1 before any task is made', async () => {
    const monitor = scenario.start(...monitorArgs);
    const { port } = new URL(await metricsUrlOf(monitor));
    const before = (await scenario.tasks()).length;
    const { code, stderr } = await scenario.run('--metrics-port', port).exit(15_000);
    expect(code).to.equal(1);
    expect(stderr).to.match(
      new RegExp(`^error: metrics can't be served: 127\\.0\\.0\\.1:${port} is taken by another process$`, 'm'),
    );
    expect(await scenario.tasks()).to.have.length(before);
    const once = await scenario.chainparse('monitor', '--once', '--metrics-port', port);
    expect(once).to.contain('running');
    monitor.signal('SIGTERM');
    expect((await monitor.exit(12_000)).code).to.equal(0);
  });
});
