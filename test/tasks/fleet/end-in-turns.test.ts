import { expect } from 'chai';
import { Bell } from '../../../src/runtime/bell.js';
import { endInTurns } from '../../../src/tasks/fleet/end-in-turns.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

describe('the runs of a worker that shall end', () => {
  const reason = new Error('told to end');
  let clock: FakeClock;
  let ends: Bell;
  let runs: Set<AbortController>;

  beforeEach(() => {
    clock = new FakeClock();
    ends = new Bell();
    runs = new Set(Array.from({ length: 100 }, () => new AbortController()));
  });

  const told = (): readonly AbortController[] => [...runs].filter(({ signal }) => signal.aborted);
  const end = (run: AbortController | undefined): void => {
    if (run !== undefined) runs.delete(run);
    ends.ring();
  };

  it('are told at once where they are few', () => {
    runs = new Set([...runs].slice(0, 20));
    void endInTurns({ clock, runs, ends, reason });
    expect(told()).to.have.length(20);
    expect(told()[0]?.signal.reason).to.equal(reason);
  });

  it('are told some at a time where they are many, each when another has ended', async () => {
    const done = endInTurns({ clock, runs, ends, reason });
    expect(told()).to.have.length(32);
    end(told()[3]);
    await settle();
    expect(told()).to.have.length(32);
    expect(runs).to.have.length(99);
    while (runs.size > 0) {
      end(told()[0]);
      await settle();
    }
    await done;
  });

  it('are told after a moment where those before them take long', async () => {
    const done = endInTurns({ clock, runs, ends, reason });
    await clock.advance(99);
    expect(told()).to.have.length(32);
    await clock.advance(1);
    expect(told()).to.have.length(64);
    await clock.advance(200);
    expect(told()).to.have.length(100);
    await done;
  });
});
