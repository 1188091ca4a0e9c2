import { expect } from 'chai';
import { encodeRlp as oracle } from 'ethers';
import fc from 'fast-check';
import { listRoot } from '../../../src/chain/blocks/list-root.js';
import { receiptsRoot } from '../../../src/chain/blocks/receipts-root.js';
import { RlpWriter } from '../../../src/chain/blocks/rlp-writer.js';
import { Anvil, hex } from '../../support/anvil.js';
import { deployTransferEmitter, emitTransfers } from '../../support/transfer-emitter.js';

type Receipt = Record<string, unknown> & { logs: Record<string, unknown>[] };

describe('the root of receipts', () => {
  it('of a block without any is that of an empty trie', () => {
    expect(receiptsRoot([])).to.equal('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');
  });

  it('is none where receipts lack what goes into it', () => {
    for (const receipt of [{}, null, { logs: [] }, { status: '0x1', cumulativeGasUsed: '0x1', logs: [] }]) {
      expect(receiptsRoot([receipt])).to.equal(null);
    }
  });

  it('is that of a node’s header, however many there are, and another one where a log is changed or left out', async function () {
    this.timeout(60_000);
    const anvil = await Anvil.start({ args: ['--gas-limit', '3000000000'] });
    const emitter = await deployTransferEmitter(anvil);
    await anvil.setAutomine(false);
    for (const transactions of [0, 1, 2, 17, 135]) {
      for (let i = 0; i < transactions; i++) await emitTransfers(anvil, emitter, { value: i, count: i % 3 });
      await anvil.mine();
      const block = hex(await anvil.head());
      const header = await anvil.rpc<{ receiptsRoot: string }>('eth_getBlockByNumber', block, false);
      const receipts = await anvil.rpc<Receipt[]>('eth_getBlockReceipts', block);
      expect(receipts).to.have.length(transactions);
      expect(receiptsRoot(receipts), `of ${transactions}`).to.equal(header.receiptsRoot);
      const last = receipts.at(-1);
      if (last === undefined) continue;
      expect(receiptsRoot(receipts.slice(0, -1))).not.to.equal(header.receiptsRoot);
      const [log] = last.logs;
      if (log === undefined) continue;
      const changed = { ...last, logs: [{ ...log, data: `0x${'ff'.repeat(32)}` }, ...last.logs.slice(1)] };
      expect(receiptsRoot([...receipts.slice(0, -1), changed])).not.to.equal(header.receiptsRoot);
    }
    await anvil.stop();
  });
});

describe('RLP', () => {
  it('is what ethers writes', () => {
    const bytes = fc.uint8Array({ maxLength: 70 }).map((array) => `0x${Buffer.from(array).toString('hex')}`);
    const { item } = fc.letrec<{ item: Item }>((tie) => ({
      item: fc.oneof({ maxDepth: 3 }, bytes, fc.array(tie('item'), { maxLength: 20 })),
    }));
    fc.assert(
      fc.property(item, (value) => {
        const writer = new RlpWriter(8);
        write(writer, value);
        expect(`0x${writer.since(0).toString('hex')}`).to.equal(oracle(value));
      }),
    );
  });

  it('writes numbers without zeros in front, and refuses what is no hex', () => {
    const written = (value: unknown): string => {
      const writer = new RlpWriter();
      writer.number(value);
      return writer.since(0).toString('hex');
    };
    const numbers = ['0x0', '0x00', '0x7f', '0x080', '0x1234567'].map(written);
    expect(numbers).to.deep.equal(['80', '80', '7f', '8180', '8401234567']);
    for (const value of ['', '0x', '12', '0xg', '0x1 ', 5, null, undefined])
      expect(() => written(value), String(value)).to.throw(TypeError);
    for (const value of ['', '0x1', '12', '0xgg', '0x1g', '0x11 ', 5, null, undefined])
      expect(() => new RlpWriter().hex(value), String(value)).to.throw(TypeError);
  });
});

describe('the root of a list', () => {
  it('holds short items in their branch, and many items', () => {
    const root = (count: number, size: number): string =>
      listRoot(count, (writer, index) => writer.raw(Buffer.alloc(size, index)));
    // As ethereumjs' trie has it.
    expect(root(1, 1)).to.equal('0x7da536f7df63a0dfb481590e53be0e3063d9b798925cc3d479a3eb3155d0b394');
    expect(root(20, 2)).to.equal('0xe09b648f9beda30045d5477aad7f7f184754fc97551d0bb11c23de49b5f3ed5f');
    expect(root(700, 40)).to.equal('0x16cf61ddb3c1791ebe4e35368063be1430eeb93ebcfc03b5e010ebca3b2eff6c');
  });
});

type Item = string | Item[];

/** Items are written last to first. */
function write(writer: RlpWriter, item: Item): void {
  if (typeof item === 'string') {
    writer.hex(item);
    return;
  }
  const since = writer.length;
  for (const inner of [...item].reverse()) write(writer, inner);
  writer.list(since);
}
