import { expect } from 'chai';
import { Anvil } from '../support/anvil.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { deployTransferEmitter, emittedLogs, emitTransfers } from '../support/transfer-emitter.js';
import { eventually } from '../support/within.js';

/** Has a node mine blocks, each with transfers of a contract; returns that. */
async function mineTransfers(anvil: Anvil, blocks: number): Promise<string> {
  const emitter = await deployTransferEmitter(anvil);
  for (let block = 0; block < blocks; block++) await emitTransfers(anvil, emitter, { value: block * 100, count: 2 });
  return emitter;
}

async function readTo(scenario: Scenario, head: number): Promise<void> {
  await eventually('the head is read', async () => {
    const [task] = await scenario.tasks();
    // The task before it may have come further on another chain.
    return task?.status === 0 && (task.progress?.next_block ?? 0) > head ? true : null;
  });
}

eachDatabaseInTurn('a run whose node serves another chain all of a sudden', (database) => {
  // The block two below the head is final.
  const args = ['--slots-in-an-epoch', '1'];

  it('parks its pipeline where the chain was begun anew, in flight and at its start, until that is rewound', async function () {
    this.timeout(90_000);
    const anvil = await Anvil.start({ args });
    const contract = await mineTransfers(anvil, 12);
    const source = { mode: 'realtime', contract, startBlock: 1 } as const;
    const scenario = await Scenario.begin(await database.fresh(), anvil.url, source);
    const run = scenario.run();
    await readTo(scenario, await anvil.head());
    await anvil.rpc('anvil_reset');
    await mineTransfers(anvil, 3);

    expect((await run.exit()).code).to.equal(6);
    const remedy = 'chainparse pipeline rewind 45 --to-block 0';
    expect(run.stderr).to.contain(`hint: ${remedy}`);
    const [parked] = await scenario.tasks();
    expect(parked).to.include({ status: 2, end_reason: 'needs_rewind' });

    await scenario.chainparse('pipeline', 'rewind', '45', '--to-block', '0', '--rpc-url', anvil.url);
    const again = scenario.run();
    await readTo(scenario, await anvil.head());
    expect(await scenario.exported()).to.deep.equal(idsOf(await emittedLogs(anvil, contract)));
    again.signal('SIGTERM');
    expect((await again.exit()).code).to.equal(0);
    await anvil.rpc('anvil_reset');
    await mineTransfers(anvil, 1);
    const late = scenario.run();
    expect((await late.exit()).code).to.equal(6);
    expect((await scenario.tasks()).at(0)).to.include({ end_reason: 'needs_rewind' });
    await anvil.stop();
  });

  it('ends without taking a row back, and without parking, where another chain stands behind the URL', async function () {
    this.timeout(90_000);
    const anvil = await Anvil.start({ args });
    const other = await Anvil.start({ args: [...args, '--chain-id', '777'] });
    await mineTransfers(other, 20);
    const contract = await mineTransfers(anvil, 12);
    const { proxy, url } = await TcpProxy.before(anvil.url);
    const scenario = await Scenario.begin(await database.fresh(), url, { mode: 'realtime', contract, startBlock: 1 });
    const run = scenario.run();
    await readTo(scenario, await anvil.head());
    proxy.lead(other.url);

    expect((await run.exit()).code).to.equal(6);
    expect(run.stderr).to.match(/expected chain 31337, but 127\.0\.0\.1:\d+ serves chain 777/);
    expect((await scenario.tasks()).at(0)?.end_reason).not.to.equal('needs_rewind');
    expect(await scenario.exported()).to.deep.equal(idsOf(await emittedLogs(anvil, contract)));
    proxy.lead(anvil.url);
    await emitTransfers(anvil, contract, { value: 5, count: 2 });
    const again = scenario.run();
    await readTo(scenario, await anvil.head());
    again.signal('SIGTERM');
    expect((await again.exit()).code).to.equal(0);
    expect(await scenario.exported()).to.deep.equal(idsOf(await emittedLogs(anvil, contract)));
    await Promise.all([anvil.stop(), other.stop(), proxy.close()]);
  });
});
