import { expect } from 'chai';
import { encodeRlp as oracle } from 'ethers';
import fc from 'fast-check';
import { listRoot } from '../../../src/chain/audit/list-root.js';
import { receiptsRoot } from '../../../src/chain/audit/receipts-root.js';
import { encodeRlp } from '../../../src/chain/audit/rlp.js';
import type { Rlp } from '../../../src/chain/audit/rlp.js';
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
    const bytes = fc.uint8Array({ maxLength: 70 }).map((array) => Buffer.from(array));
    const { item } = fc.letrec<{ item: Rlp }>((tie) => ({
      item: fc.oneof({ maxDepth: 3 }, bytes, fc.array(tie('item'), { maxLength: 20 })),
    }));
    fc.assert(
      fc.property(item, (value) => {
        expect(`0x${encodeRlp(value).toString('hex')}`).to.equal(oracle(toHex(value)));
      }),
    );
  });

  it('and a trie of long lists take many items', () => {
    expect(listRoot(Array.from({ length: 700 }, (_item, index) => Buffer.alloc(40, index)))).to.match(
      /^0x[0-9a-f]{64}$/,
    );
  });
});

type Hex = string | Hex[];

function toHex(item: Rlp): Hex {
  return Buffer.isBuffer(item) ? `0x${item.toString('hex')}` : item.map(toHex);
}
