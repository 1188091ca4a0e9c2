import { expect } from 'chai';
import { Bell } from '../../src/runtime/bell.js';
import { systemClock } from '../../src/runtime/clock.js';
import { FakeClock } from '../support/fake-clock.js';
import { heldMoreAfter } from '../support/garbage.js';

describe('a bell', () => {
  it('wakes all who wait, and at once who has not heard what has rung', async () => {
    const [bell, clock] = [new Bell(), new FakeClock()];
    const heard = bell.rings;
    const waiting = [bell.after(heard), bell.ringsWithin(heard, { clock, ms: 1_000 })];
    bell.ring();
    expect(await Promise.all(waiting)).to.deep.equal([undefined, true]);
    expect(await bell.ringsWithin(heard, { clock, ms: 1_000 })).to.equal(true);
    await bell.after(heard);
    expect(clock.sleeping).to.equal(0);
  });

  it('is waited for no longer than was said, or than until a signal', async () => {
    const [bell, clock, over] = [new Bell(), new FakeClock(), new AbortController()];
    const waiting = bell.ringsWithin(bell.rings, { clock, ms: 1_000 });
    const cut = bell.ringsWithin(bell.rings, { clock, ms: 9_000, signal: over.signal });
    await clock.advance(1_000);
    expect(await waiting).to.equal(false);
    over.abort();
    expect(await cut).to.equal(false);
  });

  it('that does not ring keeps nothing of those who have waited for it', async () => {
    const bell = new Bell();
    const clock = { ...systemClock, sleep: () => systemClock.sleep(0) };
    const wait = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await bell.ringsWithin(bell.rings, { clock, ms: 500 });
    };
    await wait(1_000);
    expect(await heldMoreAfter(() => wait(30_000))).to.be.lessThan(2);
    bell.ring();
  });
});
