import { expect } from 'chai';
import { abortLater, giveUpLater } from '../../src/runtime/give-up-later.js';
import type { GiveUpOptions } from '../../src/runtime/give-up-later.js';
import { FakeClock } from '../support/fake-clock.js';
import { rejectionOf } from '../support/rejection.js';

describe('what is given up once a run was told to stop', () => {
  let clock: FakeClock;
  let stopping: AbortController;
  let callOff: () => void = () => undefined;

  beforeEach(() => {
    clock = new FakeClock();
    stopping = new AbortController();
  });
  afterEach(() => callOff());

  const limit = (): GiveUpOptions => {
    return { clock, after: stopping.signal, delayMs: 3_000, reason: () => stopping.signal.reason as Error };
  };
  const begin = (): AbortSignal => {
    const late = abortLater(limit());
    callOff = late.callOff;
    return late.signal;
  };

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
    callOff();
    await clock.advance(10_000);
    expect(dropped.aborted).to.equal(false);
  });

  it('leaves nothing behind that listens or sleeps once its time does not matter any more', async () => {
    begin();
    stopping.abort(new Error('SIGTERM'));
    expect(clock.sleeping).to.equal(1);
    callOff();
    await clock.advance(0);
    expect(clock.sleeping).to.equal(0);
  });

  it('is waited for no longer, and hears of it where it asks, however late', async () => {
    const heard: string[] = [];
    const listen = (signal: AbortSignal): void => {
      if (signal.aborted) heard.push('late');
      signal.addEventListener('abort', () => heard.push('in time'));
    };
    let askLate = (): void => undefined;
    const waited = rejectionOf(
      giveUpLater(limit(), (givenUp) => {
        listen(givenUp());
        askLate = () => listen(givenUp());
        return new Promise(() => undefined);
      }),
    );
    stopping.abort(new Error('SIGTERM'));
    await clock.advance(3_000);
    expect(String(await waited)).to.equal('Error: SIGTERM');
    askLate();
    expect(heard).to.deep.equal(['in time', 'late']);
  });
});
