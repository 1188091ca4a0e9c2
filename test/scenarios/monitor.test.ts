import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import { createDatabase, eachDatabase, withMariadbServer } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { eventually } from '../support/within.js';

const monitorArgs = ['monitor', '--timeout', '0.05', '--interval', '1', '--heartbeat-interval', '1'];

/** The status and end reason of a pipeline's newest task. */
async function stateOf(scenario: Scenario, pipelineId: number): Promise<unknown> {
  const [task] = await scenario.tasks(pipelineId);
  return [task?.status, task?.end_reason];
}

describe('the monitor at work', () => {
  let node: ChainSimulator;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
  });

  after(() => node.stop());

  eachDatabase('on live and frozen runs', (database) => {
    it('fails the frozen one, spares the living, and lets the frozen one find out', async function () {
      this.timeout(60_000);
      const scenario = await Scenario.begin(await database.fresh(), node.url, { mode: 'realtime' });
      const live = scenario.run();
      const frozen = await scenario.runAs(46);
      await Promise.all([live, frozen].map((run) => run.output(/runs pipeline/)));
      const monitor = scenario.start(...monitorArgs);
      frozen.signal('SIGSTOP');
      await monitor.output(/task timed out: task_id=\d+, pipeline_id=46, (last|never)/);
      expect(await stateOf(scenario, 46)).to.deep.equal([2, 'timeout']);
      frozen.signal('SIGCONT');
      expect((await frozen.exit()).code).to.equal(4);
      expect(await stateOf(scenario, 45)).to.deep.equal([0, null]);
      for (const process of [live, monitor]) {
        process.signal('SIGTERM');
        expect((await process.exit(12_000)).code).to.equal(0);
      }
    });
  });

  withMariadbServer('on a server that freezes', (server) => {
    it('fails no living run for the outage, and the one that died in it soon after', async function () {
      this.timeout(90_000);
      const scenario = await Scenario.begin(await createDatabase(server().url()), node.url, { mode: 'realtime' });
      const live = [scenario.run(), await scenario.runAs(46)];
      const dead = await scenario.runAs(47);
      await Promise.all([...live, dead].map((run) => run.output(/runs pipeline/)));
      const monitor = scenario.start(...monitorArgs);
      await monitor.output(/the monitor checks/);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      server().freeze();
      await dead.kill();
      await new Promise((resolve) => setTimeout(resolve, 9_000));
      server().thaw();
      await monitor.output(/nobody is judged for \d+ s/);
      await eventually('the dead run is failed', async () => {
        const [status] = (await stateOf(scenario, 47)) as [number];
        return status === 2;
      });
      for (const id of [45, 46]) expect(await stateOf(scenario, id)).to.deep.equal([0, null]);
      expect(monitor.stderr.match(/task timed out/g)).to.have.length(1);
      for (const process of [...live, monitor]) {
        process.signal('SIGTERM');
        expect((await process.exit(12_000)).code).to.equal(0);
      }
    });
  });
});
