import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { untilAborted } from '../../src/runtime/until-aborted.js';
import { rejectionOf } from '../support/rejection.js';

describe('work that is waited for until a signal', () => {
  const never = new Promise<number>(() => undefined);

  it('gives what it gives, and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(Promise.resolve(7), signal)).to.equal(7);
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
  });

  it('gives null as soon as the signal is aborted, also where it was before', async () => {
    const late = new AbortController();
    const waiting = untilAborted(never, late.signal);
    late.abort();
    expect(await waiting).to.equal(null);
    expect(await untilAborted(never, AbortSignal.abort())).to.equal(null);
  });

  it('throws what it throws, and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    const error = await rejectionOf(untilAborted(Promise.reject(new Error('broken')), signal));
    expect(error.message).to.equal('broken');
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
  });
});
