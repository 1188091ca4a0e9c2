import { expect } from 'chai';
import { SqliteEngine } from './simulator/sqlite-engine.js';
import { Players } from './simulator/in-children.js';
import { planBackfill } from './ingestion/plan-backfill.js';
import { planSchedule } from './ingestion/plan.js';
import { playSchedule } from './ingestion/schedule.js';
import { SimStore } from './ingestion/sim-store.js';
import { extentOf } from '../support/extent.js';

/** How many schedules to play; the seeds are the same each time, so that what is green stays green. */
const schedules = extentOf({ sample: 100, full: 250, soak: 10_000 });
const changed = extentOf({ sample: 30, full: 100, soak: 10_000 });
/** The first of these seeds are those that a look at the lowest block alone does not pass. */
const firstBegun = 60;
const begun = extentOf({ sample: 15, full: 60, soak: 2_000 });
const backfills = extentOf({ sample: 2, full: 5, soak: 10 });
const players = new Players(new URL('ingestion/run.ts', import.meta.url));

describe('the ingestion simulator: a real event monitor, client and commits against endpoints that lie', function () {
  this.timeout(3_600_000);

  it('plays the same schedule again from the same seed', async () => {
    const engine = await SqliteEngine.open();
    const store = new SimStore(engine);
    const play = async (seed: number): Promise<unknown> => {
      const lines: string[] = [];
      const outcome = await playSchedule(planSchedule(seed), store, (line) => lines.push(line));
      return { outcome, lines };
    };
    const first = [await play(1), await play(2), await play(3)];
    expect([await play(1), await play(2), await play(3)]).to.deep.equal(first);
    await engine.close();
  });

  it('wastes at most 5 % of the requests of a backfill on a limit that nobody states', async () => {
    const engine = await SqliteEngine.open();
    const store = new SimStore(engine);
    for (let seed = 0; seed < backfills; seed++) {
      const { wrong, counts } = await playSchedule(planBackfill(seed), store, null);
      const { ranges, refused } = counts as Record<'ranges' | 'refused', number>;
      expect(wrong, `seed ${seed}`).to.deep.equal([]);
      expect(refused / ranges, `seed ${seed}: ${refused} of ${ranges}`).to.be.at.most(0.05);
    }
    await engine.close();
  });

  it(`stores each event once, and no other, in ${schedules} schedules of faults, and each ends by itself`, async () => {
    const found = await players.play({ from: 0, to: schedules }, ({ from, to }) => ['--seeds', `${from}-${to}`]);
    expect(found).to.deep.equal([]);
  });

  it(`stores nothing of two chains, and says why it ends, in ${changed} schedules whose chain is begun anew or swapped`, async () => {
    const found = await players.play({ from: 0, to: changed }, ({ from, to }) => [
      '--changes',
      '--seeds',
      `${from}-${to}`,
    ]);
    expect(found).to.deep.equal([]);
  });

  it(`stores nothing of two chains in ${begun} schedules whose chain is begun anew, with its first blocks, while it is read ahead`, async () => {
    const found = await players.play({ from: firstBegun, to: firstBegun + begun }, ({ from, to }) => [
      '--begun-anew',
      '--seeds',
      `${from}-${to}`,
    ]);
    expect(found).to.deep.equal([]);
  });
});
