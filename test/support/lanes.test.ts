import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { inLanes } from './lanes.js';

describe('lanes', () => {
  it('do so many jobs at a time, each begun in its order as soon as one before it is done', async () => {
    const begun: string[] = [];
    const end = new Map<string, () => void>();
    const all = inLanes(['long', 'short', 'third', 'last'], 2, async (job) => {
      begun.push(job);
      await new Promise<void>((resolve) => end.set(job, resolve));
    });
    const ends = async (job: string): Promise<readonly string[]> => {
      end.get(job)!();
      await turn();
      return begun;
    };
    expect(begun).to.deep.equal(['long', 'short']);
    expect(await ends('short')).to.deep.equal(['long', 'short', 'third']);
    expect(await ends('third')).to.deep.equal(['long', 'short', 'third', 'last']);
    let isOver = false;
    void all.then(() => (isOver = true));
    await ends('last');
    expect(isOver).to.equal(false);
    await ends('long');
    expect(isOver).to.equal(true);
  });
});
