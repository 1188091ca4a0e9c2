import { expect } from 'chai';
import { HeaderCache } from '../../../src/chain/blocks/header-cache.js';
import type { BlockHeader } from '../../../src/model/block.js';

function header(number: number, branch = '', parentBranch = branch): BlockHeader {
  const parentHash = `0x${number - 1}${parentBranch}`;
  return { number, hash: `0x${number}${branch}`, parentHash, timestamp: number, logsBloom: undefined };
}

describe('a cache of headers', () => {
  it('returns the way from a block up to a head', () => {
    const cache = new HeaderCache();
    for (const number of [6, 7, 8]) cache.add(header(number));
    expect(cache.between(header(5), header(9))?.map(({ number }) => number)).to.deep.equal([6, 7, 8, 9]);
    expect(cache.between(header(8), header(9))).to.deep.equal([header(9)]);
  });

  it('knows no way over headers it has not got, from another branch, or down', () => {
    const cache = new HeaderCache();
    for (const known of [header(6), header(7, 'b', ''), header(8, 'b')]) cache.add(known);
    expect(cache.between(header(5), header(8))).to.equal(null);
    expect(cache.between(header(7), header(9, 'c', 'b'))).to.equal(null);
    expect(cache.between(header(9), header(8, 'b'))).to.equal(null);
    expect(cache.between(header(6), header(6))).to.equal(null);
    expect(cache.isBelow(header(6), header(8, 'b'))).to.equal(true);
    expect(cache.isBelow(header(7), header(8, 'b'))).to.equal(false);
    expect(cache.isBelow(header(8, 'b'), header(8, 'b'))).to.equal(true);
  });

  it('knows no way over headers whose numbers do not follow each other', () => {
    const cache = new HeaderCache();
    const below = { number: 98, hash: '0x99' };
    expect(cache.between(below, header(100))).to.equal(null);
    cache.add({ ...header(99), number: 105 });
    expect(cache.between(header(98), header(100))).to.equal(null);
    expect(cache.isBelow(header(98), header(100))).to.equal(false);
  });

  it('comes to an end at a header that names itself as its parent', () => {
    const cache = new HeaderCache();
    const own = { ...header(7), parentHash: header(7).hash };
    cache.add(own);
    expect(cache.between(header(5), own)).to.equal(null);
    expect(cache.between(header(5), header(8))).to.equal(null);
  });

  it('forgets the oldest beyond its size', () => {
    const cache = new HeaderCache(3);
    for (const number of [1, 2, 3, 1, 4]) cache.add(header(number));
    expect(cache.between(header(2), header(4))?.map(({ number }) => number)).to.deep.equal([3, 4]);
    expect(cache.between(header(1), header(4))).to.equal(null);
    expect(cache.isBelow(header(0), header(1))).to.equal(true);
  });
});
