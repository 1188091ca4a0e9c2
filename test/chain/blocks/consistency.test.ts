import { expect } from 'chai';
import { checkTimes, Inconsistency } from '../../../src/chain/blocks/consistency.js';
import type { RawLog } from '../../../src/model/event.js';
import { rawLog } from '../abi/log-fixtures.js';

describe('the times that logs tell of their blocks', () => {
  const logOf = (blockNumber: number, blockTimestamp?: number): RawLog => ({
    ...rawLog([]),
    blockNumber,
    blockTimestamp,
  });
  const known = [{ number: 5, hash: '0x05', timestamp: 100 }];

  it('may be left out, and are not looked at where the block is not known', () => {
    checkTimes([logOf(5), logOf(5, 100), logOf(6, 7)], known);
    checkTimes([logOf(5, 99)], []);
  });

  it('are contradicted by the block, whatever logs before left out', () => {
    const refused = expect(() => checkTimes([logOf(5), logOf(6), logOf(5, 99)], known)).to.throw(Inconsistency);
    refused.with.property('block', 5);
  });
});
