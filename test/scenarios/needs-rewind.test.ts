import { expect } from 'chai';
import { Anvil } from '../support/anvil.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { deployTransferEmitter, emittedLogs, emitTransfers } from '../support/transfer-emitter.js';

eachDatabaseInTurn('a run on a chain that is reorganised below its final block', (database) => {
  it('parks its pipeline, beside others that go on, until that is rewound', async function () {
    this.timeout(90_000);
    // The block two below the head is final.
    const anvil = await Anvil.start({ args: ['--slots-in-an-epoch', '1'] });
    const emitter = await deployTransferEmitter(anvil);
    const source = { mode: 'realtime', contract: emitter, startBlock: 1 } as const;
    const scenario = await Scenario.begin(await database.fresh(), anvil.url, source);
    for (let block = 0; block < 12; block++) await emitTransfers(anvil, emitter, { value: block * 100, count: 3 });
    const run = scenario.run();
    await scenario.reaches(await anvil.head(), 45);
    const fork = (await anvil.head()) - 6;
    await anvil.reorg(6);
    for (let block = 0; block < 6; block++) await emitTransfers(anvil, emitter, { value: 9_000 + block, count: 2 });

    expect((await run.exit()).code).to.equal(6);
    const remedy = `chainparse pipeline rewind 45 --to-block ${fork}`;
    expect(run.stderr).to.contain(`hint: ${remedy}`);
    const [parked] = await scenario.tasks();
    expect(parked).to.include({ status: 2, end_reason: 'needs_rewind' });
    expect(parked?.error).to.match(/^block \d+ was replaced, and so was every block that is remembered; /);
    expect(await scenario.chainparse('pipeline', 'show', '45')).to.contain(remedy);
    const refused = scenario.run();
    expect((await refused.exit()).code).to.equal(6);
    expect(refused.stderr).to.contain(`hint: ${remedy}`);
    expect(await scenario.tasks()).to.have.length(1);
    const other = await scenario.runAs(46);
    await scenario.reaches(await anvil.head(), 46);

    await scenario.chainparse('pipeline', 'rewind', '45', '--to-block', String(fork), '--rpc-url', anvil.url);
    const again = scenario.run();
    await scenario.reaches(await anvil.head(), 45);
    expect(await scenario.exported()).to.deep.equal(idsOf(await emittedLogs(anvil, emitter)));
    for (const running of [other, again]) {
      running.signal('SIGTERM');
      expect((await running.exit()).code).to.equal(0);
    }
    await anvil.stop();
  });
});
