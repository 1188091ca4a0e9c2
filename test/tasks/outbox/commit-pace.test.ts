import { expect } from 'chai';
import { Bell } from '../../../src/runtime/bell.js';
import { CommitPace } from '../../../src/tasks/outbox/commit-pace.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A sink that is told what the test says. */
class Paced {
  tellsUpTo: number | null = 0;
  taken = 0;
}

describe('the pace of commits', () => {
  let clock: FakeClock;
  let moves: Bell;
  let sink: Paced;
  let stop: AbortController;
  let pace: CommitPace;
  /** From which version on half of what can be remembered is told. */
  let far: number;

  beforeEach(() => {
    [clock, moves, sink, stop, far] = [new FakeClock(), new Bell(), new Paced(), new AbortController(), -1];
    const isFarBehind = (version: number): boolean => version <= far;
    pace = new CommitPace({ sinks: [sink], isFarBehind, moves, clock, signal: stop.signal });
  });

  /** Says whether a commit waits. */
  const isHeld = async (commit: Promise<void>): Promise<boolean> => {
    const held = Symbol('held');
    const settled = new Promise<symbol>((resolve) => void setImmediate(() => resolve(held)));
    return (await Promise.race([commit, settled])) === held;
  };
  const take = (): void => {
    sink.taken += 1;
    moves.ring();
  };

  it('waits for nobody as long as sinks are near, or at rest', async () => {
    expect(await isHeld(pace.keep())).to.equal(false);
    [far, sink.tellsUpTo] = [9, null];
    expect(await isHeld(pace.keep())).to.equal(false);
  });

  it('waits until a sink that is far behind has come nearer', async () => {
    far = 9;
    const commit = pace.keep();
    expect(await isHeld(commit)).to.equal(true);
    take();
    expect(await isHeld(commit)).to.equal(true);
    sink.tellsUpTo = 10;
    take();
    expect(await isHeld(commit)).to.equal(false);
  });

  it('waits a quarter of a second at most, and for a sink that took nothing meanwhile not again before it does', async () => {
    far = 9;
    const commit = pace.keep();
    await clock.advance(249);
    expect(await isHeld(commit)).to.equal(true);
    await clock.advance(1);
    expect(await isHeld(commit)).to.equal(false);
    expect(await isHeld(pace.keep())).to.equal(false);
    take();
    const later = pace.keep();
    expect(await isHeld(later)).to.equal(true);
    await clock.advance(100);
    take();
    await clock.advance(150);
    expect(await isHeld(later)).to.equal(false);
    expect(await isHeld(pace.keep())).to.equal(true);
  });

  it('waits no more once the run shall end', async () => {
    far = 9;
    const commit = pace.keep();
    expect(await isHeld(commit)).to.equal(true);
    stop.abort(new Error('stop'));
    expect(await isHeld(commit)).to.equal(false);
    expect(await isHeld(pace.keep())).to.equal(false);
  });
});
