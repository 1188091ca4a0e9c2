import { expect } from 'chai';
import type { MonitorState } from '../../../src/database/operations/monitor-store.js';
import { MonitorPresence } from '../../../src/tasks/monitor/monitor-presence.js';
import { FakeClock } from '../../support/fake-clock.js';
import { rejectionOf } from '../../support/rejection.js';

describe("a monitor's own sign of life", () => {
  let clock: FakeClock;
  let presence: MonitorPresence;
  let told: string[];
  let isThere: boolean;
  let isAway: boolean;

  beforeEach(() => {
    clock = new FakeClock();
    [told, isThere, isAway] = [[], true, false];
    const store = {
      register: (name: string, interval: number) => {
        isThere = true;
        told.push(`registered ${name} ${interval}`);
        return Promise.resolve(told.length);
      },
      beat: (id: number, { checks, timedOut, waiting, checked }: MonitorState) => {
        if (isAway) return Promise.reject(new Error('gone'));
        if (isThere) told.push(`${id}: ${checks} checks, ${timedOut} timed out, ${String(waiting)}, ${checked}`);
        return Promise.resolve(isThere);
      },
      end: (id: number) => (isAway ? Promise.reject(new Error('gone')) : Promise.resolve(void told.push(`end ${id}`))),
    };
    presence = new MonitorPresence({ store, name: 'one', checkIntervalSeconds: 300, beatIntervalMs: 30_000, clock });
  });

  it('begins with its first beat, and is renewed when a beat is due, when it waits, and with each check', async () => {
    await presence.show(null);
    await presence.show(null);
    await clock.advance(30_000);
    await presence.show(null);
    await presence.show('the database came back');
    await presence.show('the database came back');
    await presence.checked(2);
    expect(told).to.deep.equal([
      'registered one 300',
      '1: 0 checks, 0 timed out, null, false',
      '1: 0 checks, 0 timed out, null, false',
      '1: 0 checks, 0 timed out, the database came back, false',
      '1: 1 checks, 2 timed out, null, true',
    ]);
  });

  it('begins anew where its row is gone', async () => {
    await presence.show(null);
    isThere = false;
    told = [];
    await presence.checked(1);
    expect(told).to.deep.equal(['registered one 300', '1: 1 checks, 1 timed out, null, true']);
  });

  it('counts a check once that it could not tell of at first', async () => {
    await presence.show(null);
    isAway = true;
    await rejectionOf(presence.checked(4));
    isAway = false;
    await presence.checked(4);
    expect(told.at(-1)).to.equal('1: 1 checks, 4 timed out, null, true');
  });

  it('ends in order, or by silence where the database is away', async () => {
    await presence.end();
    await presence.show(null);
    isAway = true;
    await presence.end();
    isAway = false;
    await presence.end();
    expect(told.at(-1)).to.equal('end 1');
    expect(told.filter((line) => line.startsWith('end'))).to.have.length(1);
  });

  it('is one row, and ended, where a check and the end come while its first beat is being made', async () => {
    // As where a signal comes in the moment in which it begins.
    await Promise.all([presence.show(null), presence.checked(0), presence.end()]);
    expect(told.filter((line) => line.startsWith('registered'))).to.have.length(1);
    expect(told.slice(-2)).to.deep.equal(['1: 1 checks, 0 timed out, null, true', 'end 1']);
  });
});
