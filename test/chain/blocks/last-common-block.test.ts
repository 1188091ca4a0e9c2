import { expect } from 'chai';
import fc from 'fast-check';
import { lastCommonBlock } from '../../../src/chain/blocks/last-common-block.js';
import type { BlockHeader, BlockRef } from '../../../src/model/block.js';

describe('the newest stored block that is part of the chain', () => {
  const find = (
    stored: readonly number[],
    fork: number,
    range: { first: number; replaced: number },
  ): Promise<unknown> =>
    lastCommonBlock(
      range,
      (atMost) => {
        const number = stored.findLast((candidate) => candidate <= atMost);
        const block = number === undefined ? null : ({ number, hash: number < fork ? 'same' : 'old' } as BlockRef);
        return Promise.resolve(block);
      },
      (number) => Promise.resolve(number > 900 ? null : ({ number, hash: 'same' } as BlockHeader)),
    ).then((block) => block?.number ?? null);

  it('is found wherever the chain was reorganised, and whatever blocks have rows', async () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 1_000 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        numbers,
        fc.integer({ min: 0, max: 1_000 }),
        fc.integer({ min: 0, max: 500 }),
        async (set, fork, first) => {
          const stored = set.sort((a, b) => a - b);
          const expected = stored.findLast((number) => number >= first && number < fork && number <= 900) ?? null;
          expect(await find(stored, fork, { first, replaced: 1_001 })).to.equal(expected);
        },
      ),
    );
  });
});
