import { expect } from 'chai';
import { Proofs } from '../../../src/chain/blocks/proofs.js';
import { bloomExcludes } from '../../../src/chain/blocks/bloom.js';
import type { BlockHeader } from '../../../src/model/block.js';
import { makeBlock, simContract, transferTopic } from '../../support/simulated-chain.js';

const filter = { addresses: [simContract], topics: [transferTopic] };
const withBloom = (logsBloom: string | undefined): BlockHeader => ({ ...makeBlock(undefined, '', []), logsBloom });
const full = makeBlock(undefined, '', [{}]).logsBloom;
const foreign = makeBlock(undefined, '', [{ address: `0x${'77'.repeat(20)}` }]).logsBloom;

describe('a bloom filter', () => {
  it('rules out a block without a wanted log, and no other', () => {
    const excludes = bloomExcludes(filter, new Proofs(1));
    expect(excludes(withBloom(foreign))).to.equal(true);
    expect(excludes(withBloom(full))).to.equal(false);
  });

  it('says nothing where it is missing, or of zeros or ones alone', () => {
    const excludes = bloomExcludes(filter, new Proofs(1));
    for (const bloom of [undefined, `0x${'00'.repeat(256)}`, `0x${'ff'.repeat(256)}`]) {
      expect(excludes(withBloom(bloom)), String(bloom)).to.equal(false);
    }
  });

  it('rules out nothing on chains some of whose logs stand in no filter', () => {
    expect(bloomExcludes(filter, new Proofs(137))(withBloom(foreign))).to.equal(false);
  });
});
