import { expect } from 'chai';
import { waitAtMost } from '../../src/runtime/wait-at-most.js';
import { FakeClock } from '../support/fake-clock.js';
import { rejectionOf } from '../support/rejection.js';

describe('work that is waited for a while', () => {
  const never = new Promise<number>(() => undefined);
  const clock = new FakeClock();

  it('gives or throws what it does, and leaves nobody asleep', async () => {
    expect(await waitAtMost(Promise.resolve(7), { clock, ms: 1_000 })).to.equal(7);
    const error = await rejectionOf(waitAtMost(Promise.reject(new Error('broken')), { clock, ms: 1_000 }));
    expect(error.message).to.equal('broken');
    expect(clock.sleeping).to.equal(0);
  });

  it('gives null once the time is over', async () => {
    const waiting = waitAtMost(never, { clock, ms: 1_000 });
    await clock.advance(1_000);
    expect(await waiting).to.equal(null);
  });

  it('gives null as soon as the signal is aborted, also where it was before', async () => {
    const late = new AbortController();
    const waiting = waitAtMost(never, { clock, ms: 1_000, signal: late.signal });
    late.abort();
    expect(await waiting).to.equal(null);
    expect(await waitAtMost(never, { clock, ms: 1_000, signal: AbortSignal.abort() })).to.equal(null);
    expect(clock.sleeping).to.equal(0);
  });
});
