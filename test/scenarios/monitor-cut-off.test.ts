import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import { createDatabase, eachServer } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { endGently, quickMonitor, stateOf, timedOut, whenRunning } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

/** Longer than the timeout of 6 s. */
const outageMs = 8_000;
const pass = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

eachServer('a monitor and runs that lose their database', (server, kind) => {
  let node: ChainSimulator;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
  });

  after(() => node.stop());

  it('agree that nobody was silent (port cut, half open, server killed), and on who died meanwhile', async function () {
    this.timeout(120_000);
    const direct = server().url();
    const viaProxy = async (fault: 'cut' | 'freeze'): Promise<void> => {
      const { proxy, url } = await TcpProxy.before(await createDatabase(direct));
      const begin = (): void => proxy[fault]();
      await liveThrough(url, { begin, end: () => proxy.resume() });
    };
    const killed = async (): Promise<void> => {
      const other = await kind.start();
      const outage = { begin: () => other.kill(), end: () => other.restart() };
      await liveThrough(await createDatabase(other.url()), outage);
      await other.stop();
    };
    await Promise.all([viaProxy('cut'), viaProxy('freeze'), killed()]);
  });

  interface Outage {
    begin(): unknown;
    end(): unknown;
  }

  async function liveThrough(url: string, outage: Outage): Promise<void> {
    const scenario = await Scenario.begin(url, node.url, { mode: 'realtime' });
    const [living, dying] = await Promise.all([scenario.runAs(50), scenario.runAs(60)]);
    await whenRunning([living, dying]);
    const monitor = scenario.start(...quickMonitor);
    await monitor.output(/timeout check: 2 running, 0 timed out/);
    await outage.begin();
    await dying.kill();
    await pass(outageMs);
    await outage.end();
    await monitor.output(/nobody is judged for 3 s/);
    await eventually('the dead one is failed', () => timedOut([monitor]).length > 0);
    await monitor.output(/timeout check: 1 running, 0 timed out/);
    expect(timedOut([monitor])).to.deep.equal([60]);
    expect(await stateOf(scenario, 50)).to.deep.equal([0, null]);
    await endGently([living, monitor]);
  }

  it('do not hide a run that alone lost it: it is failed after its timeout, and exits 4 when it is back', async function () {
    this.timeout(60_000);
    const direct = await createDatabase(server().url());
    const { proxy, url } = await TcpProxy.before(direct);
    const scenario = await Scenario.begin(direct, node.url, { mode: 'realtime' });
    const [living, cutOff] = await Promise.all([scenario.runAs(50), scenario.through(url).runAs(60)]);
    await whenRunning([living, cutOff]);
    const monitor = scenario.start(...quickMonitor);
    await monitor.output(/timeout check: 2 running, 0 timed out/);
    proxy.freeze();
    await monitor.output(/task timed out: task_id=\d+, pipeline_id=60/);
    proxy.resume();
    expect((await cutOff.exit(20_000)).code, cutOff.stderr).to.equal(4);
    expect(await stateOf(scenario, 50)).to.deep.equal([0, null]);
    expect(timedOut([monitor])).to.deep.equal([60]);
    await endGently([living, monitor]);
    await proxy.close();
  });
});
