import { expect } from 'chai';
import { abortLater } from '../../src/runtime/give-up-later.js';
import { FakeClock } from '../support/fake-clock.js';

describe('what is given up once a run was told to stop', () => {
  let clock: FakeClock;
  let stopping: AbortController;
  let ended: AbortController;

  beforeEach(() => {
    clock = new FakeClock();
    stopping = new AbortController();
    ended = new AbortController();
  });
  afterEach(() => ended.abort());

  const begin = (): AbortSignal =>
    abortLater(
      { clock, after: stopping.signal, delayMs: 3_000, reason: () => stopping.signal.reason as Error },
      ended.signal,
    );

  it('is given up after its time', async () => {
    const dropped = begin();
    stopping.abort(new Error('SIGTERM'));
    await clock.advance(2_999);
    expect(dropped.aborted).to.equal(false);
    await clock.advance(1);
    expect(String(dropped.reason)).to.equal('Error: SIGTERM');
  });

  it('is given up after its time, too, where the run was told before it began', async () => {
    stopping.abort(new Error('SIGTERM'));
    const dropped = begin();
    await clock.advance(3_000);
    expect(dropped.aborted).to.equal(true);
  });

  it('is not given up once it has ended', async () => {
    const dropped = begin();
    stopping.abort(new Error('SIGTERM'));
    ended.abort(new Error('done'));
    await clock.advance(10_000);
    expect(dropped.aborted).to.equal(false);
  });
});
