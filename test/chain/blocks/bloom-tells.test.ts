import { expect } from 'chai';
import { bloomTells, logsBloomOf } from '../../../src/chain/blocks/bloom.js';
import type { BlockHeader } from '../../../src/model/block.js';
import { transferTopic } from '../../support/simulated-chain.js';
import { rawLog } from '../abi/log-fixtures.js';

const token = `0x${'ab'.repeat(20)}`;
const transfers = { addresses: [token], topics: [transferTopic] };

describe('a bloom filter', () => {
  const header = (logsBloom: string | undefined): BlockHeader => ({ logsBloom }) as BlockHeader;
  /** The filter of a block with a wanted log and so many others. */
  const among = (others: number): BlockHeader => {
    const logs = Array.from({ length: others }, (_item, index) =>
      rawLog([`0x${index.toString(16).padStart(64, '0')}`]),
    );
    return header(logsBloomOf([rawLog([transferTopic], '0x', token), ...logs]));
  };

  it('tells of a wanted log among a few others', () => {
    for (const others of [0, 10, 100]) expect(bloomTells(transfers)(among(others)), `${others}`).to.equal(true);
  });

  it('tells nothing in a crowd, or where any of many would do', () => {
    expect(bloomTells(transfers)(among(2_000))).to.equal(false);
    const many = Array.from({ length: 500 }, (_item, index) => `0x${index.toString(16).padStart(40, '0')}`);
    expect(bloomTells({ addresses: [token, ...many], topics: null })(among(200))).to.equal(false);
  });

  it('tells of any log where all are wanted', () => {
    expect(bloomTells({ addresses: null, topics: null })(among(2_000))).to.equal(true);
  });

  it('tells nothing where it has not the bits, or is missing, empty or full', () => {
    const other = header(logsBloomOf([rawLog([transferTopic], '0x', `0x${'cd'.repeat(20)}`)]));
    expect(bloomTells(transfers)(other)).to.equal(false);
    for (const text of [undefined, `0x${'00'.repeat(256)}`, `0x${'ff'.repeat(256)}`]) {
      expect(bloomTells({ addresses: null, topics: null })(header(text))).to.equal(false);
    }
  });
});
