import { expect } from 'chai';
import type { ChainView } from '../../../src/chain/blocks/chain-view.js';
import { NodeLagsError } from '../../../src/chain/blocks/consistency.js';
import { ReadStretch } from '../../../src/chain/blocks/read-stretch.js';
import type { BlockHeader } from '../../../src/model/block.js';
import { rejectionOf } from '../../support/rejection.js';

const signal = new AbortController().signal;

describe('a look whether the chain was begun anew below what was read', () => {
  let doubts: number;
  let answers: (string | null)[];
  let asked: number[];
  let stretch: ReadStretch;

  beforeEach(() => {
    [doubts, answers, asked] = [0, [], []];
    const chain = {
      get doubts() {
        return doubts;
      },
      header: (number: number) => {
        asked.push(number);
        const hash = answers.shift() ?? null;
        return Promise.resolve(hash === null ? null : ({ number, hash } as BlockHeader));
      },
    } as unknown as ChainView;
    stretch = ReadStretch.begin({ chain, storedBlock: () => Promise.resolve(null) }, 1);
  });

  it('asks for the block in front of what was read, and only where another node may have come', async () => {
    const before = { number: 20, hash: '0xa' };
    expect(await stretch.isBegunAnew(before, signal)).to.equal(false);
    doubts = 1;
    answers = ['0xa'];
    expect(await stretch.isBegunAnew(before, signal)).to.equal(false);
    expect(await stretch.isBegunAnew(before, signal)).to.equal(false);
    expect(asked).to.deep.equal([20]);
    doubts = 2;
    answers = ['0xb'];
    expect(await stretch.isBegunAnew(before, signal)).to.equal(true);
  });

  it('asks again where a node that lags may have answered, and throws where the block stays away', async () => {
    doubts = 1;
    answers = [null, null, '0xa'];
    expect(await stretch.isBegunAnew({ number: 20, hash: '0xa' }, signal)).to.equal(false);
    doubts = 2;
    await rejectionOf(stretch.isBegunAnew({ number: 20, hash: '0xa' }, signal), NodeLagsError);
  });
});
