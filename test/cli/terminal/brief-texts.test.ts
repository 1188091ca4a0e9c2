import { expect } from 'chai';
import { briefProgress } from '../../../src/cli/terminal/brief-texts.js';

describe('the progress of a task in a narrow table', () => {
  it('is where it is, and in which shard', () => {
    expect(briefProgress('block 100/200, 12 events')).to.equal('100/200');
    expect(briefProgress('shard 2, block 100/200, 1 event')).to.equal('shard 2, 100/200');
    expect(briefProgress('分片 2, 区块 100/200, 12 个事件')).to.equal('分片 2, 100/200');
  });
});
