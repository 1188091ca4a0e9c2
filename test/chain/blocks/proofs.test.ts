import { expect } from 'chai';
import { Proofs } from '../../../src/chain/blocks/proofs.js';
import type { BlockReceipts } from '../../../src/chain/blocks/proofs.js';
import { receiptsRoot } from '../../../src/chain/blocks/receipts-root.js';
import { makeBlock } from '../../support/simulated-chain.js';

describe('what proves the receipts of a block', () => {
  const root = `0x${'11'.repeat(32)}`;
  const header = { ...makeBlock(undefined, 'proofs', [{}]), receiptsRoot: root };
  const told = (receipts: Partial<BlockReceipts>): BlockReceipts => ({
    ...{ endpoint: 'node', root: null, count: 1, logs: [] },
    ...receipts,
  });

  it('is their root, whatever the chain is', () => {
    for (const chain of [1, 42_161, undefined]) {
      expect(new Proofs(chain).ofReceipts(told({ root }), header), String(chain)).to.equal('proven');
    }
  });

  it('is nothing where a chain makes roots in a way of its own, and none are there yet where a block has some', () => {
    const proofs = new Proofs(42_161);
    expect(proofs.ofReceipts(told({ root: null }), header)).to.equal('unproven');
    expect(proofs.ofReceipts(told({ count: 0 }), header)).to.equal('late');
  });

  it('is not the root of no receipts where each header bears it, unless its bloom filter tells of no logs either', () => {
    const empty = { root: receiptsRoot([]), count: 0 };
    const filled = { ...header, receiptsRoot: receiptsRoot([]) as string };
    const zeros = `0x${'0'.repeat(512)}`;
    for (const [logsBloom, verdict] of [
      [header.logsBloom, 'late'],
      [`0x${'f'.repeat(512)}`, 'unproven'],
      [zeros, 'proven'],
      [undefined, 'proven'],
    ] as const) {
      expect(new Proofs(25).ofReceipts(told(empty), { ...filled, logsBloom }), logsBloom).to.equal(verdict);
    }
  });

  it('is contradicted by another root where others of the chain came out right, if its receipts hold all logs', () => {
    for (const [chain, verdict] of [
      [1, 'false'],
      [42_161, 'unproven'],
    ] as const) {
      const proofs = new Proofs(chain);
      proofs.ofReceipts(told({ root }), header);
      expect(proofs.ofReceipts(told({ root: null }), header), String(chain)).to.equal(verdict);
    }
  });
});
