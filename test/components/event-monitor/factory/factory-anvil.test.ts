import { expect } from 'chai';
import { Anvil, hex } from '../../../support/anvil.js';
import { deployFactory, makeChildren } from '../../../support/factory-emitter.js';
import { MessageLedger } from '../../../support/message-ledger.js';
import { runMonitor } from '../../../support/monitor-run.js';
import { emitTransfers } from '../../../support/transfer-emitter.js';
import type { NodeLog } from '../../../support/transfer-emitter.js';
import { transferTopic } from '../../../support/simulated-chain.js';
import { factoryConfig, madeTopic } from './factory-chain.js';

describe('the event monitor of a factory on a local EVM node', function () {
  this.timeout(60_000);
  let anvil: Anvil;
  let factory: string;
  let other: string;

  before(async () => {
    anvil = await Anvil.start();
    factory = await deployFactory(anvil, madeTopic);
    other = await deployFactory(anvil, madeTopic);
  });
  after(() => anvil.stop());

  const logsOf = (filter: object): Promise<(NodeLog & { readonly address: string })[]> =>
    anvil.rpc('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest', ...filter });
  const children = async (by: string): Promise<string[]> =>
    (await logsOf({ address: by })).map(({ topics }) => `0x${(topics[1] ?? '').slice(26)}`);
  /** Makes children by both factories, and has some of all that there are emit. */
  const grow = async (count: number): Promise<void> => {
    await makeChildren(anvil, factory, count);
    await makeChildren(anvil, other, 3);
    for (const by of [factory, other])
      for (const child of (await children(by)).slice(-2)) await emitTransfers(anvil, child, { value: 1, count: 2 });
  };
  /** Follows the head until its block is stored. */
  const follow = async (ledger: MessageLedger): Promise<void> => {
    const head = await anvil.block(await anvil.head());
    await runMonitor({
      urls: [anvil.url],
      ledger,
      config: { ...factoryConfig({ factory: [factory] }), mode: 'realtime', startBlock: 0 },
      moved: (_known, stop) => ledger.checkpoint.blockHash === head.hash && stop(),
    });
  };
  const truth = async (): Promise<string[]> => {
    const own = new Set(await children(factory));
    return (await logsOf({ topics: [transferTopic] }))
      .filter(({ address }) => own.has(address))
      .map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
  };

  it('has 1,000 children, in history, live and through reorganisations: none missing, none foreign', async () => {
    for (let round = 0; round < 8; round++) await grow(100);
    await anvil.rpc('anvil_mine', hex(80));
    const ledger = new MessageLedger();
    await follow(ledger);
    for (let round = 0; round < 6; round++) {
      await grow(80);
      if (round === 3) await anvil.reorg(5);
      await follow(ledger);
    }
    await anvil.reorg(20);
    await grow(100);
    await follow(ledger);
    expect(ledger.ids).to.deep.equal(await truth());
    expect(new Set(await children(factory)).size).to.be.at.least(1_000);
    expect(ledger.rollbacks).to.have.length.above(0);
  });
});
