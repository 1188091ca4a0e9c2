import { expect } from 'chai';
import { SqliteEngine } from './simulator/sqlite-engine.js';
import { playInChildren } from './simulator/in-children.js';
import { planBackfill } from './ingestion/plan-backfill.js';
import { planSchedule } from './ingestion/plan.js';
import { playSchedule } from './ingestion/schedule.js';
import { SimStore } from './ingestion/sim-store.js';

/** Coverage makes a schedule slow, and the first ones cover what the others do. */
const share = process.env['NODE_V8_COVERAGE'] === undefined ? 1 : 0.05;
const schedules = Number(process.env['CHAINPARSE_INGESTION_SCHEDULES'] ?? 1_000 * share);
const changed = Math.ceil(schedules * 0.3);
const program = new URL('ingestion/run.ts', import.meta.url);

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
    for (let seed = 0; seed < 10 * share; seed++) {
      const { wrong, counts } = await playSchedule(planBackfill(seed), store, null);
      const { ranges, refused } = counts as Record<'ranges' | 'refused', number>;
      expect(wrong, `seed ${seed}`).to.deep.equal([]);
      expect(refused / ranges, `seed ${seed}: ${refused} of ${ranges}`).to.be.at.most(0.05);
    }
    await engine.close();
  });

  it(`stores each event once, and no other, in ${schedules} schedules of faults, and each ends by itself`, async () => {
    const found = await playInChildren(program, { from: 0, to: schedules }, ({ from, to }) => [
      '--seeds',
      `${from}-${to}`,
    ]);
    expect(found).to.deep.equal([]);
  });

  it(`stores nothing of two chains, and says why it ends, in ${changed} schedules whose chain is begun anew or swapped`, async () => {
    const found = await playInChildren(program, { from: 0, to: changed }, ({ from, to }) => [
      '--changes',
      '--seeds',
      `${from}-${to}`,
    ]);
    expect(found).to.deep.equal([]);
  });
});
