import { expect } from 'chai';
import { Anvil } from './anvil.js';
import { deployTransferEmitter, emittedLogs, emitTransfers } from './transfer-emitter.js';

describe('anvil', () => {
  let anvil: Anvil;
  let emitter: string;

  before(async () => {
    anvil = await Anvil.start();
    emitter = await deployTransferEmitter(anvil);
  });
  after(() => anvil.stop());

  const values = async (): Promise<number[]> => (await emittedLogs(anvil, emitter)).map((log) => Number(log.data));

  it('emits the Transfer events that are asked for', async () => {
    const from = await anvil.account();
    await emitTransfers(anvil, emitter, { value: 7 });
    await emitTransfers(anvil, emitter, { value: 100, count: 3, to: from });
    const logs = await emittedLogs(anvil, emitter);
    expect(logs.map((log) => Number(log.data))).to.deep.equal([7, 100, 101, 102]);
    expect(logs[3]?.topics[1]).to.equal(`0x${from.slice(2).padStart(64, '0')}`);
    expect(logs[3]?.topics[1]).to.equal(logs[3]?.topics[2]);
  });

  it('emits thousands of events in one transaction', async () => {
    const before = (await values()).length;
    await emitTransfers(anvil, emitter, { value: 1, count: 8_000 });
    expect((await values()).length - before).to.equal(8_000);
  });

  it('mines blocks that hang together', async () => {
    const head = await anvil.head();
    await anvil.mine(3);
    expect(await anvil.head()).to.equal(head + 3);
    expect((await anvil.block(head + 1)).parentHash).to.equal((await anvil.block(head)).hash);
  });

  for (const depth of [1, 20]) {
    it(`replaces the newest ${depth} blocks, empty ones too, and only those`, async () => {
      await emitTransfers(anvil, emitter, { value: 5 });
      await anvil.mine(20);
      await emitTransfers(anvil, emitter, { value: 6 });
      const head = await anvil.head();
      const kept = await anvil.block(head - depth);
      const gone = await Promise.all([head, head - depth + 1].map((number) => anvil.block(number)));
      await anvil.reorg(depth);
      expect(await anvil.head()).to.equal(head);
      expect((await anvil.block(head - depth)).hash).to.equal(kept.hash);
      for (const block of gone) expect((await anvil.block(block.number)).hash).not.to.equal(block.hash);
      expect((await values()).at(-1)).to.equal(5);
    });
  }

  it('mines many transactions into one block', async () => {
    await anvil.setAutomine(false);
    for (const value of [11, 12, 13]) await emitTransfers(anvil, emitter, { value });
    await anvil.mine();
    await anvil.setAutomine(true);
    const logs = (await emittedLogs(anvil, emitter)).slice(-3);
    expect(logs.map((log) => Number(log.data))).to.deep.equal([11, 12, 13]);
    expect(new Set(logs.map((log) => log.blockHash)).size).to.equal(1);
  });

  it('goes back and mines another branch', async () => {
    const snapshot = await anvil.snapshot();
    await emitTransfers(anvil, emitter, { value: 8 });
    const gone = await anvil.block(await anvil.head());
    await anvil.revert(snapshot);
    await emitTransfers(anvil, emitter, { value: 9 });
    expect((await values()).at(-1)).to.equal(9);
    expect((await anvil.block(gone.number)).hash).not.to.equal(gone.hash);
    await anvil.rollback(1);
    expect(await anvil.head()).to.equal(gone.number - 1);
  });

  it('throws what the node complains about', async () => {
    expect(await anvil.rpc('eth_nonsense').catch(String)).to.contain('eth_nonsense');
  });
});
