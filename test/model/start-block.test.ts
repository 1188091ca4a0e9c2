import { expect } from 'chai';
import type { Checkpoint } from '../../src/model/checkpoint.js';
import { leftOutBefore, resolveStart } from '../../src/model/start-block.js';
import type { StartQuestion } from '../../src/model/start-block.js';

/** A checkpoint behind the unbroken stretch 100 to 200. */
const checkpoint: Checkpoint = {
  pipelineId: 1,
  taskId: 1,
  chainId: 1,
  startBlock: 100,
  blockNumber: 200,
  blockHash: `0x${'ab'.repeat(32)}`,
  version: 3,
};
const none: Checkpoint = { ...checkpoint, startBlock: null, blockNumber: null, blockHash: null };

function start(question: Partial<StartQuestion>): ReturnType<typeof resolveStart> {
  return resolveStart({ run: {}, config: { startBlock: null }, mode: 'historical', checkpoint, ...question });
}

describe('the start of a run', () => {
  it('without a checkpoint is the block asked for, else that of the definition', () => {
    const config = { startBlock: 7 };
    expect(start({ checkpoint: none, config, run: { fromBlock: 9 } })).to.include({ block: 9, resumes: false });
    expect(start({ checkpoint: none, config })).to.include({ block: 7, resumes: false });
  });

  it('without any of them is the first block of history, or the head', () => {
    expect(start({ checkpoint: none }).block).to.equal(0);
    expect(start({ checkpoint: none, mode: 'realtime' }).block).to.equal('head');
  });

  it('is right behind the checkpoint', () => {
    expect(start({})).to.deep.equal({ block: 201, resumes: true });
    expect(start({ config: { startBlock: 7 } }).block).to.equal(201);
  });

  it('is right behind the checkpoint wherever inside the stretch it is asked for', () => {
    for (const fromBlock of [100, 150, 200, 201]) {
      expect(start({ run: { fromBlock } })).to.deep.equal({ block: 201, resumes: true });
    }
  });

  it('is before the stretch where it is asked for there', () => {
    expect(start({ run: { fromBlock: 99 } })).to.deep.equal({ block: 99, resumes: false });
  });

  it('is beyond the checkpoint where it is asked for there', () => {
    expect(start({ run: { fromBlock: 300 } })).to.deep.equal({ block: 300, resumes: false });
  });

  it('leaves out what lies between the checkpoint and a block beyond it', () => {
    expect(leftOutBefore(300, checkpoint)).to.contain('blocks 201 to 299 are left out');
    expect(leftOutBefore(202, checkpoint)).to.contain('block 201 is left out');
    for (const block of [7, 200, 201]) expect(leftOutBefore(block, checkpoint)).to.equal(undefined);
    expect(leftOutBefore(300, none)).to.equal(undefined);
  });

  it('does not look at the checkpoint where the run is fresh', () => {
    expect(start({ run: { fresh: true, fromBlock: 150 } })).to.include({ block: 150, resumes: false });
    expect(start({ run: { fresh: true }, config: { startBlock: 7 } }).block).to.equal(7);
    expect(start({ run: { fresh: true }, mode: 'realtime' }).block).to.equal('head');
  });
});
