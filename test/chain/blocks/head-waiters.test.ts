import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { HeadWaiters } from '../../../src/chain/blocks/head-waiters.js';
import { rejectionOf } from '../../support/rejection.js';

const join = (waiters: HeadWaiters<string>, pollMs: number, signal = new AbortController().signal): Promise<string> =>
  waiters.join({ pollMs, isNews: (told) => told !== 'old' }, signal);

describe('those who wait for news', () => {
  it('are not woken by what is none to them', async () => {
    const waiters = new HeadWaiters<string>();
    const waiting = join(waiters, 9);
    waiters.tell('old');
    expect(waiters.isEmpty).to.equal(false);
    waiters.tell('new');
    expect(await waiting).to.equal('new');
  });

  it('all get it, and wait no more', async () => {
    const waiters = new HeadWaiters<string>();
    const { signal } = new AbortController();
    const waiting = [join(waiters, 9, signal), join(waiters, 5, signal)];
    expect([waiters.isEmpty, waiters.pollMs]).to.deep.equal([false, 5]);
    waiters.tell('new');
    expect(waiters.isEmpty).to.equal(true);
    expect(await Promise.all(waiting)).to.deep.equal(['new', 'new']);
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
  });

  it('throw what asking threw', async () => {
    const waiters = new HeadWaiters<string>();
    const waiting = rejectionOf(join(waiters, 9));
    waiters.fail(new Error('no answer'));
    expect((await waiting).message).to.equal('no answer');
    expect(waiters.isEmpty).to.equal(true);
  });

  it('leave alone when their signal is aborted', async () => {
    const waiters = new HeadWaiters<string>();
    const gone = new AbortController();
    const waiting = rejectionOf(join(waiters, 1, gone.signal));
    const patient = join(waiters, 9);
    gone.abort(new Error('gone'));
    expect((await waiting).message).to.equal('gone');
    expect(waiters.pollMs).to.equal(9);
    waiters.tell('new');
    expect(await patient).to.equal('new');
  });
});
