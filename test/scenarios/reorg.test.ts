import { expect } from 'chai';
import { Anvil } from '../support/anvil.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { deployTransferEmitter, emittedLogs, emitTransfers } from '../support/transfer-emitter.js';
import { eventually } from '../support/within.js';
import { extentOf } from '../support/extent.js';

/** How deep. */
const depths = extentOf({ sample: [1, 20], full: [1, 3, 20], soak: Array.from({ length: 20 }, (_, i) => i + 1) });

eachDatabaseInTurn('a run on a node whose chain is reorganised', (database) => {
  it(`stores the canonical chain after reorganisations ${depths.join(', ')} blocks deep`, async function () {
    this.timeout(60_000 + depths.length * 20_000);
    const anvil = await Anvil.start();
    const emitter = await deployTransferEmitter(anvil);
    const source = { mode: 'realtime', contract: emitter, startBlock: 1 } as const;
    const scenario = await Scenario.begin(await database.fresh(), anvil.url, source);
    const run = scenario.run();

    const expectTruth = async (): Promise<void> => {
      const head = await anvil.head();
      await scenario.reaches(head);
      const truth = idsOf(await emittedLogs(anvil, emitter));
      await eventually('the rows are those of the chain', async () => {
        const rows = await scenario.exported();
        return rows.join() === truth.join() ? true : null;
      });
    };

    for (let block = 0; block < 22; block++) await emitTransfers(anvil, emitter, { value: block * 100, count: 3 });
    await expectTruth();
    for (const depth of depths) {
      await anvil.reorg(depth);
      for (let block = 0; block < depth; block++)
        await emitTransfers(anvil, emitter, { value: depth * 10_000 + block * 10, count: 2 });
      await expectTruth();
    }
    expect(run.stderr).to.match(/reorganised/);
    run.signal('SIGTERM');
    expect((await run.exit()).code).to.equal(0);
    await anvil.stop();
  });
});
