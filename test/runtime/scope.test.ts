import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import { systemClock } from '../../src/runtime/clock.js';
import { Scope, scoped } from '../../src/runtime/scope.js';
import { rejectionOf } from '../support/rejection.js';

describe('a scope', () => {
  it('is aborted with any of the outer signals, for the same reason', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const { signal } = new Scope(one.signal, other.signal);
    expect(signal.aborted).to.equal(false);
    const reason = new Error('given up');
    other.abort(reason);
    expect(signal.reason).to.equal(reason);
  });

  it('is aborted from the beginning where an outer signal was', () => {
    const reason = new Error('given up before');
    expect(new Scope(AbortSignal.abort(reason)).signal.reason).to.equal(reason);
  });

  it('is aborted at its end, and listens to nobody any more', () => {
    const outer = new AbortController();
    const scope = new Scope(outer.signal);
    scope.end(new Error('done'));
    expect(scope.signal.reason).to.have.property('message', 'done');
    expect(getEventListeners(outer.signal, 'abort')).to.deep.equal([]);
  });

  it('listens to nobody any more once it is released, and aborts nothing', () => {
    const outer = new AbortController();
    const scope = new Scope(outer.signal);
    scope.release();
    outer.abort();
    expect(scope.signal.aborted).to.equal(false);
    expect(getEventListeners(outer.signal, 'abort')).to.deep.equal([]);
  });

  it('ends with the work that was done under it, whatever came of that', async () => {
    const outer = new AbortController();
    expect(await scoped([outer.signal], () => Promise.resolve(7))).to.equal(7);
    const failed = scoped([outer.signal], () => Promise.reject(new Error('broken')));
    expect((await rejectionOf(failed)).message).to.equal('broken');
    expect(getEventListeners(outer.signal, 'abort')).to.deep.equal([]);
    const cut = scoped([outer.signal], (signal) => systemClock.sleep(60_000, signal));
    outer.abort(new Error('given up'));
    expect(await rejectionOf(cut)).to.equal(outer.signal.reason);
  });
});
