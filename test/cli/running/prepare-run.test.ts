import { expect } from 'chai';
import { abortLater } from '../../../src/cli/running/prepare-run.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('calls of a run that was told to stop', () => {
  let clock: FakeClock;
  let stopping: AbortController;
  let ended: AbortController;

  beforeEach(() => {
    clock = new FakeClock();
    stopping = new AbortController();
    ended = new AbortController();
  });
  afterEach(() => ended.abort());

  it('are dropped three seconds later', async () => {
    const dropped = abortLater(clock, stopping.signal, ended.signal);
    stopping.abort(new Error('SIGTERM'));
    await clock.advance(2_999);
    expect(dropped.aborted).to.equal(false);
    await clock.advance(1);
    expect(String(dropped.reason)).to.equal('Error: SIGTERM');
  });

  it('are dropped three seconds later, too, where it was told before it began', async () => {
    stopping.abort(new Error('SIGTERM'));
    const dropped = abortLater(clock, stopping.signal, ended.signal);
    await clock.advance(3_000);
    expect(dropped.aborted).to.equal(true);
  });

  it('are not dropped once it has ended', async () => {
    const dropped = abortLater(clock, stopping.signal, ended.signal);
    stopping.abort(new Error('SIGTERM'));
    ended.abort(new Error('done'));
    await clock.advance(10_000);
    expect(dropped.aborted).to.equal(false);
  });
});
