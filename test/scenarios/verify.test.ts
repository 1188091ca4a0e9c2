import { expect } from 'chai';
import { openDatabase } from '../../src/database/open/open-database.js';
import { Anvil } from '../support/anvil.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { deployTransferEmitter, emittedLogs, emitTransfers } from '../support/transfer-emitter.js';

eachDatabaseInTurn('an audit beside a run that goes on', (databases) => {
  it('puts rows right, those of new blocks too, and the run does not notice', async function () {
    this.timeout(90_000);
    const anvil = await Anvil.start();
    const emitter = await deployTransferEmitter(anvil);
    const scenario = await Scenario.begin(await databases.fresh(), anvil.url, {
      mode: 'realtime',
      contract: emitter,
      startBlock: 1,
    });
    for (let block = 0; block < 20; block++) await emitTransfers(anvil, emitter, { value: block * 100, count: 3 });
    const run = scenario.run();
    const readHead = async (): Promise<void> => {
      const head = await anvil.head();
      await scenario.reaches(head);
    };
    await readHead();
    const database = await openDatabase(databases.url());
    const mining = { on: true };
    const mined = (async (): Promise<void> => {
      for (let block = 0; mining.on; block++) await emitTransfers(anvil, emitter, { value: 50_000 + block, count: 2 });
    })();
    await database.write([
      database.knex('event').where({ pipeline_id: 45 }).whereBetween('block_number', [5, 8]).delete(),
      database.knex('event').where({ pipeline_id: 45, block_number: 12 }).update({ args: '{}' }),
    ]);
    await database.close();
    const verified = await scenario.chainparse('verify', '45', '--repair', '--json', '--rpc-url', anvil.url);
    expect(JSON.parse(verified)).to.include({ ok: true, missing: 12, different: 3, extra: 0, repaired: 15 });
    mining.on = false;
    await mined;
    await readHead();
    expect(await scenario.exported()).to.deep.equal(idsOf(await emittedLogs(anvil, emitter)));
    expect(await scenario.tasks()).to.have.length(1);
    run.signal('SIGTERM');
    expect((await run.exit()).code).to.equal(0);
    await anvil.stop();
  });
});
