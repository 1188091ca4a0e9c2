import { expect } from 'chai';
import { WorkerPresence } from '../../../src/tasks/fleet/worker-presence.js';
import { FakeClock } from '../../support/fake-clock.js';

describe("a worker's own sign of life", () => {
  let clock: FakeClock;
  let presence: WorkerPresence;
  let told: string[];
  let isThere: boolean;
  /** What comes to pass while its row is being made. */
  let meanwhile: () => void;

  beforeEach(() => {
    clock = new FakeClock();
    [told, isThere, meanwhile] = [[], true, () => undefined];
    presence = new WorkerPresence({
      ...{ name: 'here:1', concurrency: 4, clock },
      ...{ host: 'here', identity: null, version: '1', chains: ['ethereum'] },
      store: {
        register: ({ name, concurrency, heartbeatIntervalSeconds }) => {
          isThere = true;
          meanwhile();
          told.push(`registered ${name}, ${concurrency} at a time, every ${heartbeatIntervalSeconds} s`);
          return Promise.resolve(7);
        },
        beat: (id, { running }) => Promise.resolve(isThere && told.push(`${id} runs ${running}`) > 0),
        end: (id) => Promise.resolve(void told.push(`${id} ends`)),
      },
    });
  });

  it('is given at once, when a beat is due, and when it runs more or fewer tasks', async () => {
    await presence.show(0);
    await presence.show(0);
    await presence.show(1);
    await clock.advance(4_999);
    await presence.show(1);
    await clock.advance(1);
    await presence.show(1);
    expect(told).to.deep.equal(['registered here:1, 4 at a time, every 5 s', '7 runs 0', '7 runs 1', '7 runs 1']);
  });

  it('is given by one beat after the other, also where none is due, and registered once', async () => {
    await Promise.all([presence.show(2), presence.beat()]);
    await presence.beat();
    expect(told).to.deep.equal(['registered here:1, 4 at a time, every 5 s', '7 runs 2', '7 runs 2', '7 runs 2']);
  });

  it('begins anew where its row is gone, and ends', async () => {
    await presence.show(0);
    isThere = false;
    await presence.show(2);
    await presence.end();
    expect(told.slice(2)).to.deep.equal(['registered here:1, 4 at a time, every 5 s', '7 runs 2', '7 ends']);
  });

  it('is not given anew by a beat that comes behind the end', async () => {
    await presence.show(0);
    await presence.end();
    isThere = false;
    await presence.beat();
    expect(told.slice(2)).to.deep.equal(['7 ends']);
  });

  it('of which nobody has heard need not end', async () => {
    await presence.end();
    expect(told).to.deep.equal([]);
  });

  it('is ended where the end comes while its row is being made', async () => {
    let ended: Promise<void> | undefined;
    meanwhile = () => {
      ended = presence.end();
    };
    await presence.show(0);
    await ended;
    expect(told).to.deep.equal(['registered here:1, 4 at a time, every 5 s', '7 runs 0', '7 ends']);
  });
});
