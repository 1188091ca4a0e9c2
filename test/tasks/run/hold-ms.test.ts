import { expect } from 'chai';
import { holdMsOf } from '../../../src/tasks/run/hold-ms.js';

describe('how long a checkpoint is held back to which blocks say nothing', () => {
  const half = (): number => 0.5;

  it('is no time at all where a task is alone', () => {
    expect(holdMsOf(1, 12_345, half)).to.equal(0);
  });

  it('grows with the tasks of the process, up to two minutes', () => {
    expect(holdMsOf(41, 12_345, half)).to.equal(450);
    expect(holdMsOf(1_001, 0, half)).to.equal(11_500);
    expect(holdMsOf(1_000_000, 0, () => 0.999)).to.be.within(119_000, 120_000);
  });

  it('ends for many tasks at the same moments, whenever each begins, and never early', () => {
    for (const random of [0, 0.3, 0.77]) {
      for (const now of [0, 3.7, 249.9, 100_001]) {
        const holdMs = holdMsOf(2_000, now, () => random);
        expect((now + holdMs) % 500).to.be.closeTo(0, 1e-6);
        expect(holdMs).to.be.within(29_985 * (0.5 + random / 2), 29_985 * (0.5 + random / 2) + 500);
      }
    }
  });
});
