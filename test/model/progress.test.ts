import { expect } from 'chai';
import { awaitedBlock, lagBlocks, lastBlock, type Progress } from '../../src/model/task.js';
import { blockText, progressSummary } from '../../src/cli/texts/task-table.js';

const at = (
  mode: Progress['mode'],
  nextBlock: number | null,
  headBlock: number | null,
  targetBlock: number | null = null,
): Progress => ({
  ...{ mode, nextBlock, targetBlock, headBlock, events: 0 },
});

describe('the progress of a task', () => {
  it('tells the last block that is done, not the one that comes next', () => {
    expect(lastBlock(at('historical', 60_001, 70_000, 60_000))).to.equal(60_000);
    expect(lastBlock(at('historical', 0, 10, 5))).to.equal(null);
    expect(lastBlock(at('realtime', null, 10))).to.equal(null);
    expect(blockText(at('historical', 60_001, 70_000, 60_000), 'en')).to.equal('block 60000/60000');
    expect(blockText(at('realtime', 3_303, 3_302), 'en')).to.equal('block 3302');
    expect(blockText(at('historical', 0, 10, 5), 'zh')).to.equal('尚无区块');
    expect(blockText(at('realtime', null, 10), 'en')).to.equal(null);
  });

  it('says which block it waits for where the chain has not come so far', () => {
    const beyond = at('historical', 18_000_000, 17_999_000, 18_001_000);
    expect(blockText(beyond, 'en')).to.equal('waiting for block 18,000,000: the chain is at 17,999,000');
    expect(blockText(beyond, 'zh')).to.equal('等待区块 18,000,000: 链目前在 17,999,000');
    expect(awaitedBlock(at('historical', 11, 10, 20))).to.equal(11);
    expect(awaitedBlock(at('realtime', 20, 10))).to.equal(20);
  });

  it('tells how far it is behind, and nothing where the head is well below what it has read', () => {
    expect(lagBlocks(at('realtime', 51, 100))).to.equal(49);
    expect(lagBlocks(at('realtime', 51, 50))).to.equal(0);
    // One of several nodes may be a little behind the others.
    expect(lagBlocks(at('realtime', 51, 48))).to.equal(0);
    expect(lagBlocks(at('realtime', 51, 47))).to.equal(null);
    expect(progressSummary(at('realtime', 51, 48), 'en')).to.equal(
      'waiting for block 51: the chain is at 48, 0 events',
    );
    expect(progressSummary(at('realtime', 51, 50), 'en')).to.equal('block 50, 0 behind, 0 events');
  });

  it('waits for nothing where it follows the head, is done, or does not know', () => {
    expect(awaitedBlock(at('realtime', 11, 10))).to.equal(null);
    expect(awaitedBlock(at('historical', 11, 10, 10))).to.equal(null);
    expect(awaitedBlock(at('historical', 5, 10, 20))).to.equal(null);
    expect(awaitedBlock(at('historical', 5, null, 20))).to.equal(null);
  });
});
