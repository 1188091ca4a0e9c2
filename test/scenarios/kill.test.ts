import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import { eachDatabase } from '../support/databases.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { runsFromSource } from '../support/processes.js';
import { extentOf } from '../support/extent.js';

/** How many runs are killed per database. */
const kills = extentOf({ sample: 5, full: 12, soak: 200 });

/** A run lives for up to so long before it is killed: its start-up, its claim and some of its commits. */
const longestLifeMs = runsFromSource ? 4_000 : 1_200;

eachDatabase('a run that is killed at random moments (kill -9) and started again', (database) => {
  let node: ChainSimulator;

  before(async () => {
    // Small answers that let wait: there is work to be killed in until the last run.
    node = await ChainSimulator.start({ delayMs: 10 + kills }, { finalizedDistance: 20, maxRange: 3 });
    node.mine(3_000, (number) => Array.from({ length: number % 7 }, () => ({})));
  });

  after(() => node.stop());

  it(`has stored each event once after ${kills} kills`, async function () {
    this.timeout(kills * 3_000 + 60_000);
    const source = { mode: 'historical', endBlock: 3_000, batchSize: 3 } as const;
    const scenario = await Scenario.begin(await database.fresh(), node.url, source);
    for (let killed = 0; killed < kills; killed++) {
      const run = scenario.run();
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * longestLifeMs));
      await run.kill();
    }
    const last = await scenario.run().exit(120_000);
    expect(last.code, last.stderr).to.equal(0);
    expect(await scenario.exported()).to.deep.equal(idsOf(node.canonicalLogs(0, 3_000)));

    const tasks = await scenario.tasks();
    expect(tasks[0]).to.include({ status: 1, end_reason: 'completed' });
    expect(tasks.slice(1).every(({ status }) => status === 2 || status === 1)).to.equal(true);
  });
});
