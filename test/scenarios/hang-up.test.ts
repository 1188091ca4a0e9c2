import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { declareMissing } from '../support/extent.js';
import { Scenario } from '../support/scenario.js';
import { endGently } from '../support/watched-runs.js';

describe('SIGHUP', () => {
  let node: ChainSimulator;
  let scenario: Scenario;
  let child: Child | undefined;

  beforeEach(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(20);
    scenario = await Scenario.begin('sqlite:hang-up.db', node.url, { mode: 'realtime' });
  });
  afterEach(async () => {
    if (child !== undefined) await endGently([child]);
    child = undefined;
    await node.stop();
  });

  const works = async (): Promise<void> => {
    await scenario.reaches(10);
  };

  for (const command of ['run-pipeline', 'worker', 'monitor', 'serve'] as const) {
    it(`leaves ${command} without a terminal at work, and SIGTERM still ends it`, async function () {
      this.timeout(60_000);
      const options = { 'run-pipeline': ['45'], worker: [], monitor: [], serve: ['--port', '0'] }[command];
      child = scenario.start(command, ...options, '--log-level', 'debug');
      if (command === 'run-pipeline') await works();
      else await child.output(/"event":"(worker|monitor)\.started"|http:/);
      child.signalGroup('SIGHUP');
      await child.output(/"event":"signal\.ignored","signal":"SIGHUP"/);
      expect(child.isRunning).to.equal(true);
      child.signal('SIGTERM');
      expect((await child.exit()).code).to.equal(0);
      if (command === 'run-pipeline') expect((await scenario.tasks())[0]).to.include({ end_reason: 'stopped' });
    });
  }

  const hasPython = spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode']).status === 0;
  const suite = (): void => {
    it('has a run stop in order', async function () {
      this.timeout(60_000);
      child = scenario.startOnTerminal('run-pipeline', '45');
      await works();
      child.input('');
      expect((await child.exit()).code).to.equal(0);
      expect((await scenario.tasks())[0]).to.include({ status: 1, end_reason: 'stopped' });
    });

    it('has a worker hand its task over', async function () {
      this.timeout(60_000);
      await scenario.chainparse('pipeline', 'start', '45');
      child = scenario.startOnTerminal('worker');
      await works();
      child.input('');
      expect((await child.exit()).code).to.equal(0);
      const [next, task] = await scenario.tasks();
      expect(next).to.include({ status: 3 });
      expect(task).to.include({ status: 1, end_reason: 'handed_over' });
    });
  };
  const title = 'of a terminal that closes';
  if (hasPython) describe(title, suite);
  else declareMissing(title, 'apt-get install --no-install-recommends python3-minimal (3.9 or newer)', suite);
});
