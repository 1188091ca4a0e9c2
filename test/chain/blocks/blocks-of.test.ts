import { expect } from 'chai';
import { blocksOf } from '../../../src/chain/blocks/blocks-of.js';
import { transferTopic } from '../../support/simulated-chain.js';
import { rawLog } from '../abi/log-fixtures.js';

describe('the blocks of logs', () => {
  it('are told in their order, each once where its logs follow each other', () => {
    const logs = [0, 0, 3, 3, 3, 9].map((blockNumber) => ({ ...rawLog([transferTopic]), blockNumber }));
    expect(blocksOf(logs)).to.deep.equal([0, 3, 9]);
    expect(blocksOf([])).to.deep.equal([]);
  });
});
