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

  it('asks once for all that was read before it asks, and again for what is read where another node may have come since', async () => {
    const at = (number: number): { number: number; hash: string } => ({ number, hash: `0x${number}` });
    doubts = 3;
    answers = ['0x20', '0x50'];
    const looks = [stretch.isBegunAnew(at(20), signal, 2), stretch.isBegunAnew(at(30), signal, 3)];
    doubts = 4;
    looks.push(stretch.isBegunAnew(at(40), signal, 3));
    expect(await Promise.all(looks)).to.deep.equal([false, false, false]);
    expect(asked).to.deep.equal([20]);
    expect(await stretch.isBegunAnew(at(50), signal, 4)).to.equal(false);
    expect(asked).to.deep.equal([20, 50]);
  });

  it('asks at once for what was read where another node may have come since it asked last', async () => {
    const [older, newer] = [20, 30].map((number) => ({ number, hash: `0x${number}` }));
    doubts = 1;
    answers = ['0x20', '0xb'];
    const before = stretch.isBegunAnew(older!, signal, 1);
    doubts = 2;
    const since = stretch.isBegunAnew(newer!, signal, 2);
    expect(await Promise.all([before, since])).to.deep.equal([false, true]);
    expect(asked).to.deep.equal([20, 30]);
  });

  it('tells all that was read before it asked that the chain was begun anew', async () => {
    doubts = 1;
    answers = ['0xb'];
    const looks = [20, 30].map((number) => stretch.isBegunAnew({ number, hash: '0xa' }, signal, 1));
    expect(await Promise.all(looks)).to.deep.equal([true, true]);
  });

  it('asks again where a node that lags may have answered, and throws where the block stays away', async () => {
    doubts = 1;
    answers = [null, null, '0xa'];
    expect(await stretch.isBegunAnew({ number: 20, hash: '0xa' }, signal)).to.equal(false);
    doubts = 2;
    await rejectionOf(stretch.isBegunAnew({ number: 20, hash: '0xa' }, signal), NodeLagsError);
  });
});
