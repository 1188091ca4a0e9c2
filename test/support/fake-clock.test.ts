import { expect } from 'chai';
import { FakeClock } from './fake-clock.js';

describe('the fake clock', () => {
  it('wakes sleepers in the order of their time, each at its own time', async () => {
    const clock = new FakeClock(0);
    const woken: string[] = [];
    const start = clock.monotonic();
    const sleep = async (name: string, durationMs: number): Promise<void> => {
      await clock.sleep(durationMs);
      woken.push(`${name} at ${clock.monotonic() - start}`);
    };
    void sleep('late', 300);
    void sleep('early', 100).then(() => sleep('again', 100));
    await clock.advance(250);
    expect(woken).to.deep.equal(['early at 100', 'again at 200']);
    await clock.advance(50);
    expect(woken.at(-1)).to.equal('late at 300');
    expect(clock.now()).to.equal(300);
  });

  it('moves on also where what is left of a wait is too little to be added to its time', async () => {
    const clock = new FakeClock();
    const sleeping = clock.sleep(1e-14);
    const before = clock.monotonic();
    await clock.advance(1);
    await sleeping;
    expect(clock.monotonic()).to.equal(before + 1);
    void clock.sleep(1e-14);
    expect(clock.nextWakeMs).to.be.greaterThan(0);
  });

  it('ends a sleep with the reason of its signal', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const sleep = clock.sleep(1000, stop.signal).catch((reason: unknown) => reason);
    stop.abort('enough');
    expect(await sleep).to.equal('enough');
    expect(clock.sleeping).to.equal(0);
    expect(await clock.sleep(1000, stop.signal).catch((reason: unknown) => reason)).to.equal('enough');
  });

  it('jumps one of its times without the other', async () => {
    const clock = new FakeClock(0);
    const monotonic = clock.monotonic();
    await clock.jump({ wallMs: -5000 });
    expect(clock.now()).to.equal(-5000);
    expect(clock.monotonic()).to.equal(monotonic);
  });

  it('wakes late who slept while it jumped', async () => {
    const clock = new FakeClock(0);
    const slept = clock.sleep(100).then(() => clock.now());
    await clock.jump({ wallMs: 60_000, monotonicMs: 60_000 });
    expect(await slept).to.equal(60_000);
  });

  it('says how long until the next sleeper wakes', async () => {
    const clock = new FakeClock();
    expect(clock.nextWakeMs).to.equal(undefined);
    void clock.sleep(100);
    await clock.whenSleeping();
    expect(clock.nextWakeMs).to.equal(100);
  });
});
