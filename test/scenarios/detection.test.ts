import { expect } from 'chai';
import { openDatabase } from '../../src/database/open/open-database.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { endGently, timedOut, whenRunning } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

/** Timeout and check interval, in seconds. */
const [timeout, interval] = [3, 1];

/**
 * What a machine that does other things at once may add, in milliseconds. The benchmark `detect` measures without: 1 s
 * more than timeout and check interval, and 1 s from SIGTERM.
 */
const busyMs = 4_000;

eachDatabaseInTurn('the end of a run', (database) => {
  let node: ChainSimulator;

  before(async () => {
    node = await ChainSimulator.start();
  });
  after(() => node.stop());

  it('is reported soon after timeout and check interval where it was killed, and known soon after SIGTERM', async function () {
    this.timeout(60_000);
    const scenario = await Scenario.begin(await database.fresh(), node.url, { mode: 'realtime' });
    const [killed, told] = await Promise.all([scenario.runAs(60), scenario.runAs(50)]);
    await whenRunning([killed, told]);
    const limits = ['--timeout', String(timeout / 60), '--interval', String(interval), '--heartbeat-interval', '1'];
    const monitor = scenario.start('monitor', ...limits, '--log-level', 'debug', '--lang', 'en');
    await monitor.output(/timeout check: 2 running/);
    const killedAt = performance.now();
    await killed.kill();
    await eventually('it is reported', () => timedOut([monitor]).length > 0);
    expect(performance.now() - killedAt).to.be.below((timeout + interval + 1) * 1_000 + busyMs);

    const toldAt = performance.now();
    told.signal('SIGTERM');
    await hasStopped(50);
    expect(performance.now() - toldAt).to.be.below(1_000 + busyMs);
    expect((await told.exit(12_000)).code, told.stderr).to.equal(0);
    await endGently([monitor]);
  });

  async function hasStopped(pipelineId: number): Promise<void> {
    const opened = await openDatabase(database.url());
    const tasks = new TaskStore(opened);
    await eventually(
      'its task has ended',
      async () => (await tasks.getNewest(pipelineId))?.endReason === 'stopped',
    ).finally(() => opened.close());
  }
});
