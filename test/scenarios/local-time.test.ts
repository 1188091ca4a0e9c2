import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { Scenario } from '../support/scenario.js';
import { endGently, stateOf, whenRunning } from '../support/watched-runs.js';

/** The instant so many seconds ago as a program in China writes it. */
function inChina(secondsAgo: number): string {
  const at = new Date(Date.now() + (8 * 3_600 - secondsAgo) * 1_000);
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

eachDatabase('tables that an older program writes in local time (CHAINPARSE_DB_TIMEZONE=+08:00)', (database) => {
  let node: ChainSimulator;
  let older: Database;

  before(async () => {
    node = await ChainSimulator.start();
    older = await openMigrated(await database.fresh());
  });
  after(async () => {
    await older.close();
    await node.stop();
  });

  it('are judged by that time: its silent tasks are failed, its beating one and a run of ours are not', async function () {
    this.timeout(60_000);
    const china = { CHAINPARSE_DB_TIMEZONE: '+08:00', TZ: 'Asia/Shanghai' };
    const scenario = await Scenario.begin(database.url(), node.url, { mode: 'realtime' }, china);
    const run = scenario.run();
    await whenRunning([run]);
    const insert = async (pipelineId: number, created: number, last: string | null): Promise<void> => {
      const row = { pipeline_id: pipelineId, create_time: inChina(created), last_heartbeat: last, status: 0 };
      await older.knex('pipeline_task').insert({ ...row, log_path: '' });
    };
    const lastBeat = inChina(100);
    await insert(60, 30_000, lastBeat);
    await insert(61, 100, null);
    await insert(50, 30_000, inChina(0));
    const checked = await scenario.chainparse('monitor', '--timeout', '0.5', '--once', '--json');
    const { timed_out: failed } = JSON.parse(checked) as {
      timed_out: { pipeline_id: number; last_heartbeat: string }[];
    };
    expect(failed.map(({ pipeline_id: id }) => id)).to.deep.equal([60, 61]);
    expect(failed[0]?.last_heartbeat).to.equal(lastBeat.replace(' ', 'T'));
    for (const id of [45, 50]) expect(await stateOf(scenario, id)).to.deep.equal([0, null]);
    const [ours] = await scenario.tasks();
    expect(ours?.heartbeat_age_seconds).to.be.within(0, 5);
    await endGently([run]);
  });
});
