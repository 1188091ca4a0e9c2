import { expect } from 'chai';
import { extentOf } from '../support/extent.js';
import { mariadb } from '../support/mariadb.js';
import { mysql } from '../support/mysql.js';
import { postgres } from '../support/postgres.js';
import { Players } from './simulator/in-children.js';
import { planSchedule } from './simulator/plan.js';
import type { SeedRange } from './simulator/play-seeds.js';
import { ProcessDatabases } from './simulator/process-database.js';
import { playSchedule } from './simulator/schedule.js';
import { SqliteEngine } from './simulator/sqlite-engine.js';

const players = new Players(new URL('simulator/run.ts', import.meta.url));

const canPlay = { sqlite: true, mariadb: mariadb.canStart, mysql: mysql.canStart, postgres: postgres.canStart };

/** How many schedules to play; the seeds are the same each time, so that what is green stays green. */
const schedules = extentOf({
  sample: { sqlite: 500, mariadb: 20, mysql: 10, postgres: 20 },
  full: { sqlite: 2_000, mariadb: 200, mysql: 100, postgres: 1_000 },
  soak: { sqlite: 100_000, mariadb: 5_000, mysql: 2_000, postgres: 5_000 },
});
const pauses = extentOf({
  sample: { sqlite: 100, mariadb: 10, mysql: 5, postgres: 5 },
  full: { sqlite: 1_000, mariadb: 100, mysql: 50, postgres: 50 },
  soak: { sqlite: 10_000, mariadb: 2_000, mysql: 500, postgres: 500 },
});

type Findings = Promise<readonly string[]>;

/** What is to be played, in turn. */
const plays: (() => void)[] = [];

// It takes minutes of a processor and nothing else: it begins with the first test of the run, and goes on beside the
// others, most of which wait, at the lowest priority.
before('start the simulator', () => plays.forEach((play) => play()));

describe('the simulator: real stores and protocol code under faults, a seeded scheduler and virtual clocks', function () {
  this.timeout(3_600_000);

  it('plays the same schedule again from the same seed', async () => {
    const engine = await SqliteEngine.open();
    const databases = new ProcessDatabases(engine.client);
    const play = async (seed: number): Promise<unknown> => {
      const { ledger, events, endedAt } = await playSchedule(planSchedule('mixed', seed), engine, databases, null);
      return { ledger, events, endedAt };
    };
    const first = [await play(7), await play(8), await play(9)];
    expect([await play(7), await play(8), await play(9)]).to.deep.equal(first);
    await engine.close();
  });

  const finds = (title: string, range: Omit<SeedRange, 'from' | 'to'>, count: number): void => {
    const isPossible = canPlay[range.dialect] && count > 0;
    let found: Findings = Promise.resolve([]);
    if (isPossible) {
      plays.push(() => {
        found = players.play({ from: 0, to: count }, ({ from, to }) => [
          ...['--mode', range.mode, '--dialect', range.dialect],
          ...['--seeds', `${from}-${to}`],
        ]);
        found.catch(() => undefined);
      });
    }
    (isPossible ? it : it.skip)(`${title} in ${count} schedules (${range.dialect})`, async () => {
      expect(await found).to.deep.equal([]);
    });
  };

  const anything =
    'finds no stale commit, no live task failed, no dead one forgotten, one end for each, no loser that goes on';
  const paused = 'finds no stale commit by a process that was paused while another took over';
  for (const dialect of ['sqlite', 'mariadb', 'mysql', 'postgres'] as const) {
    finds(anything, { mode: 'mixed', dialect }, schedules[dialect]);
    finds(paused, { mode: 'pauses', dialect }, pauses[dialect]);
  }
});
