import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import { createDatabase, eachServer } from '../support/databases.js';
import { beginElsewhere } from '../support/other-session.js';
import { Scenario, type ScenarioTask } from '../support/scenario.js';
import { eventually } from '../support/within.js';

eachServer('a run whose commits somebody keeps from landing, but not its beats', (server) => {
  it('says so with the words of the database, shows no lag, and goes on when they land', async function () {
    this.timeout(120_000);
    const node = await ChainSimulator.start({}, { finalizedDistance: 20 });
    node.mine(5);
    const mining = setInterval(() => node.mine(1), 200);
    const url = await createDatabase(server().url());
    const scenario = await Scenario.begin(url, node.url, { mode: 'realtime' });
    const run = scenario.run();
    const shows = (
      what: string,
      isShown: (progress: NonNullable<ScenarioTask['progress']>) => boolean,
    ): Promise<boolean> =>
      eventually(
        what,
        async () => {
          const [task] = await scenario.tasks();
          return task?.progress !== null && task?.progress !== undefined && isShown(task.progress);
        },
        30_000,
      );
    await shows('it follows the head', ({ next_block: next }) => (next ?? 0) > 5);
    const lock = url.startsWith('postgres') ? 'LOCK TABLE event IN SHARE MODE' : 'LOCK TABLES event READ';
    const other = await beginElsewhere(url, lock);
    await run.output(
      /waiting for the database, for \d+ s by now: the database .* is busy: .*lock.*timeout.*\(/i,
      40_000,
    );
    await shows('its lag is unknown', (progress) => progress.lag_unknown_since !== undefined);
    const [task] = await scenario.tasks();
    expect(task).to.deep.include({ status: 0 }).and.to.have.nested.property('progress.lag_blocks', null);
    await other.end();
    await run.output(/the database lets the work go on, after \d+ s/, 30_000);
    await shows('its lag is known again', (progress) => progress.lag_unknown_since === undefined);
    clearInterval(mining);
    run.signal('SIGTERM');
    expect((await run.exit(12_000)).code, run.stderr).to.equal(0);
    await node.stop();
  });
});
