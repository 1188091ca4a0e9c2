import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { probeDatabase } from '../../src/database/tasks/database-probe.js';
import { listTasks } from '../../src/database/tasks/task-listing.js';
import { instantToMs } from '../../src/model/instant.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { endGently } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

const everySeconds = 5;

interface Shown {
  readonly wanted: { readonly state: string; readonly next_start: string | null; readonly scheduled: boolean };
}

eachDatabaseInTurn('a pipeline with a schedule, and workers', (testDatabase) => {
  let node: ChainSimulator;
  let scenario: Scenario;
  let database: Database;
  let workers: Child[];

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(30);
  });
  after(() => node.stop());

  beforeEach(async function () {
    this.timeout(60_000);
    const url = await testDatabase.fresh();
    const schedule = { schedule: `*/${everySeconds} * * * * *`, time_zone: 'Asia/Shanghai' };
    scenario = await Scenario.begin(url, node.url, { mode: 'historical', startBlock: 0, endBlock: 20, keys: schedule });
    database = await openDatabase(url);
    workers = [];
  });
  afterEach(async () => {
    await endGently(workers);
    await database.close();
  });

  const startWorkers = async (): Promise<void> => {
    workers.push(...[1, 2].map(() => scenario.start('worker')));
    await Promise.all(workers.map((worker) => worker.output(/runs queued tasks/)));
  };
  const shown = async (): Promise<Shown['wanted']> =>
    (JSON.parse(await scenario.chainparse('pipeline', 'show', '45', '--json')) as Shown).wanted;
  /** Seconds by the database's clock. */
  const now = async (): Promise<number> => instantToMs((await probeDatabase(database)).now) / 1_000;
  const tasks = async () => [...(await listTasks(database, { pipelineId: 45, limit: 100, offset: 0 }))].reverse();
  /** The times of the schedule for which tasks were queued. */
  const slots = async (): Promise<readonly number[]> =>
    (await tasks()).map(({ createTime }) => Math.floor(instantToMs(createTime ?? '') / 1_000 / everySeconds));

  it('run it at its times, once each; and once for all times at which no worker was there', async function () {
    this.timeout(120_000);
    await startWorkers();
    await scenario.chainparse('pipeline', 'start', '45');
    expect(await shown()).to.include({ state: 'started', scheduled: true });
    await eventually(
      'three runs have ended',
      async () => (await tasks()).filter(({ status }) => status === 1).length >= 3,
      60_000,
    );
    const first = await slots();
    expect(new Set(first).size, String(first)).to.equal(first.length);
    for (const worker of workers.splice(0)) {
      worker.signal('SIGKILL');
      await worker.exit();
    }
    // A run may have been cut off: it is silent, and followed by another once that is known.
    const last = (await tasks()).length;
    const goneAt = await now();
    await eventually('three times have passed', async () => (await now()) > goneAt + 4 * everySeconds, 40_000);
    expect(await tasks()).to.have.length(last);
    await startWorkers();
    await eventually('it runs again', async () => (await tasks()).length > last, 30_000);
    await scenario.chainparse('pipeline', 'stop', '45');
    const all = await slots();
    expect(new Set(all.slice(last)).size, String(all)).to.equal(all.length - last);
    expect((await tasks()).every(({ endReason }) => endReason !== 'error')).to.equal(true);
    expect(await shown()).to.deep.include({ state: 'stopped', next_start: null });
  });
});
