import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { HeadWaiters } from '../../../src/chain/blocks/head-waiters.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { rejectionOf } from '../../support/rejection.js';

const join = (waiters: HeadWaiters<string>, pollMs: number, signal = new AbortController().signal): Promise<string> =>
  waiters.join({ pollMs, isNews: (told) => told !== 'old' }, signal);

describe('those who wait for news', () => {
  it('are not woken by what is none to them', async () => {
    const waiters = new HeadWaiters<string>(systemClock);
    const waiting = join(waiters, 9);
    void waiters.tell('old');
    expect(waiters.isEmpty).to.equal(false);
    void waiters.tell('new');
    expect(await waiting).to.equal('new');
  });

  it('all get it, and wait no more', async () => {
    const waiters = new HeadWaiters<string>(systemClock);
    const { signal } = new AbortController();
    const waiting = [join(waiters, 9, signal), join(waiters, 5, signal)];
    expect([waiters.isEmpty, waiters.pollMs]).to.deep.equal([false, 5]);
    void waiters.tell('new');
    expect(waiters.isEmpty).to.equal(true);
    expect(await Promise.all(waiting)).to.deep.equal(['new', 'new']);
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
  });

  it('throw what asking threw', async () => {
    const waiters = new HeadWaiters<string>(systemClock);
    const waiting = rejectionOf(join(waiters, 9));
    waiters.fail(new Error('no answer'));
    expect((await waiting).message).to.equal('no answer');
    expect(waiters.isEmpty).to.equal(true);
  });

  it('leave alone when their signal is aborted', async () => {
    const waiters = new HeadWaiters<string>(systemClock);
    const gone = new AbortController();
    const waiting = rejectionOf(join(waiters, 1, gone.signal));
    const patient = join(waiters, 9);
    gone.abort(new Error('gone'));
    expect((await waiting).message).to.equal('gone');
    expect(waiters.pollMs).to.equal(9);
    void waiters.tell('new');
    expect(await patient).to.equal('new');
  });

  it('go on some at a time, so that the first are done before the last are woken', async () => {
    const waiters = new HeadWaiters<string>(systemClock);
    let working = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      await join(waiters, 9);
      most = Math.max(most, ++working);
      for (let step = 0; step < 50; step++) await Promise.resolve();
      working -= 1;
    };
    const all = Array.from({ length: 100 }, work);
    await waiters.tell('new');
    await Promise.all(all);
    expect(most).to.be.at.most(16);
  });

  it('get the newer news where they have yet to be woken', async () => {
    const waiters = new HeadWaiters<string>(systemClock);
    const all = Array.from({ length: 40 }, () => join(waiters, 9));
    const first = waiters.tell('new');
    const second = waiters.tell('newer');
    await Promise.all([first, second]);
    const heard = await Promise.all(all);
    expect([heard[0], heard.at(-1)]).to.deep.equal(['new', 'newer']);
    expect(waiters.isEmpty).to.equal(true);
  });

  it('are not even asked where they leave before their turn comes', async () => {
    const waiters = new HeadWaiters<string>(systemClock);
    const gone = new AbortController();
    const others = Array.from({ length: 20 }, () => join(waiters, 9));
    let asked = 0;
    const last = rejectionOf(waiters.join({ pollMs: 9, isNews: () => ++asked > 0 }, gone.signal));
    const told = waiters.tell('new');
    gone.abort(new Error('gone'));
    await told;
    expect((await last).message).to.equal('gone');
    expect(await Promise.all(others)).to.have.length(20);
    expect(asked).to.equal(0);
  });

  it('fail alone where it can’t be told what is news to one of them', async () => {
    const waiters = new HeadWaiters<string>(systemClock);
    const isNews = (): never => {
      throw new Error('broken');
    };
    const broken = rejectionOf(waiters.join({ pollMs: 9, isNews }, new AbortController().signal));
    const other = join(waiters, 9);
    await waiters.tell('new');
    expect((await broken).message).to.equal('broken');
    expect(await other).to.equal('new');
  });
});
