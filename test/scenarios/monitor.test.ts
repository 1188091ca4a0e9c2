import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import { createDatabase, eachDatabaseInTurn, eachServer } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { endGently, stateOf, whenRunning } from '../support/watched-runs.js';

const monitorArgs = [
  ...['monitor', '--timeout', '0.05', '--interval', '1', '--heartbeat-interval', '1'],
  ...['--log-level', 'debug', '--lang', 'en'],
];
const source = { mode: 'realtime' } as const;

/** The length of a freeze is what these tests are about. */
const freezeFor = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

describe('the monitor at work', () => {
  let node: ChainSimulator;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
  });

  after(() => node.stop());

  eachDatabaseInTurn('on live and frozen runs', (database) => {
    let scenario: Scenario;

    beforeEach(async function () {
      this.timeout(30_000);
      scenario = await Scenario.begin(await database.fresh(), node.url, source);
    });

    it('fails the frozen one, spares the living, and lets the frozen one find out', async function () {
      this.timeout(60_000);
      const live = scenario.run();
      const frozen = await scenario.runAs(46);
      await whenRunning([live, frozen]);
      const monitor = scenario.start(...monitorArgs);
      frozen.signal('SIGSTOP');
      await monitor.output(/task timed out: task_id=\d+, pipeline_id=46, (last|never)/);
      expect(await stateOf(scenario, 46)).to.deep.equal([2, 'timeout']);
      frozen.signal('SIGCONT');
      expect((await frozen.exit()).code).to.equal(4);
      expect(await stateOf(scenario, 45)).to.deep.equal([0, null]);
      await endGently([live, monitor]);
      expect(monitor.stderr.match(/task timed out/g)).to.have.length(1);
    });

    it('waits before it judges those who were frozen together with it', async function () {
      this.timeout(60_000);
      const run = scenario.run();
      await whenRunning([run]);
      const monitor = scenario.start(...monitorArgs);
      await monitor.output(/timeout check: 1 running, 0 timed out/);
      for (const process of [monitor, run]) process.signalGroup('SIGSTOP');
      await freezeFor(6_000);
      monitor.signalGroup('SIGCONT');
      await monitor.output(/nobody is judged for 3 s/);
      run.signalGroup('SIGCONT');
      await monitor.output(/nobody is judged[^]*timeout check: 1 running, 0 timed out/);
      expect(await stateOf(scenario, 45)).to.deep.equal([0, null]);
      await endGently([run, monitor]);
      expect(monitor.stderr).not.to.match(/task timed out/);
    });
  });

  eachServer('on a server that freezes', (server) => {
    it('fails no living run for the outage, and the one that died in it soon after', async function () {
      this.timeout(90_000);
      const scenario = await Scenario.begin(await createDatabase(server().url()), node.url, source);
      const dying = scenario.run();
      const live = await Promise.all([46, 47, 48, 49, 50].map((id) => scenario.runAs(id)));
      await whenRunning([dying, ...live]);
      const monitor = scenario.start(...monitorArgs);
      await monitor.output(/timeout check: 6 running, 0 timed out/);
      server().freeze();
      await dying.kill();
      await freezeFor(9_000);
      server().thaw();
      await monitor.output(/the database came back: nobody is judged for 3 s/, 5_000);
      await monitor.output(/task timed out: task_id=\d+, pipeline_id=45, last/, 8_000);
      await monitor.output(/timeout check: 6 running, 1 timed out[^]*timeout check: 5 running, 0 timed out/);
      for (const id of [46, 47, 48, 49, 50]) expect(await stateOf(scenario, id)).to.deep.equal([0, null]);
      await endGently([...live, monitor]);
      expect(monitor.stderr.match(/task timed out/g)).to.have.length(1);
    });

    it('ends when it is told to, however long a beat is', async function () {
      this.timeout(60_000);
      const scenario = await Scenario.begin(await createDatabase(server().url()), node.url, source);
      const monitor = scenario.start(
        'monitor',
        '--interval',
        '1',
        '--heartbeat-interval',
        '60',
        '--log-level',
        'debug',
      );
      await monitor.output(/timeout check: 0 running|nobody is judged/);
      server().freeze();
      try {
        // It asks once a second or every half minute: either way the next thing that it hears is the signal.
        await freezeFor(1_500);
        await endGently([monitor]);
      } finally {
        server().thaw();
      }
    });
  });
});
