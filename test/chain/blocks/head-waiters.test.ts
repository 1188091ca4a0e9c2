import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { HeadWaiters } from '../../../src/chain/blocks/head-waiters.js';
import { rejectionOf } from '../../support/rejection.js';

describe('those who wait for news', () => {
  it('all get it, and wait no more', async () => {
    const waiters = new HeadWaiters<string>();
    const { signal } = new AbortController();
    const waiting = [waiters.join(9, signal), waiters.join(5, signal)];
    expect([waiters.isEmpty, waiters.pollMs]).to.deep.equal([false, 5]);
    waiters.tell('new');
    expect(waiters.isEmpty).to.equal(true);
    expect(await Promise.all(waiting)).to.deep.equal(['new', 'new']);
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
  });

  it('throw what asking threw', async () => {
    const waiters = new HeadWaiters<string>();
    const waiting = rejectionOf(waiters.join(9, new AbortController().signal));
    waiters.fail(new Error('no answer'));
    expect((await waiting).message).to.equal('no answer');
    expect(waiters.isEmpty).to.equal(true);
  });

  it('leave alone when their signal is aborted', async () => {
    const waiters = new HeadWaiters<string>();
    const gone = new AbortController();
    const waiting = rejectionOf(waiters.join(1, gone.signal));
    const patient = waiters.join(9, new AbortController().signal);
    gone.abort(new Error('gone'));
    expect((await waiting).message).to.equal('gone');
    expect(waiters.pollMs).to.equal(9);
    waiters.tell('new');
    expect(await patient).to.equal('new');
  });
});
