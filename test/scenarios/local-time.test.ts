import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { endGently, quickMonitor, stateOf, whenRunning } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

/** The instant so many seconds ago as a program in China writes it. */
function inChina(secondsAgo: number): string {
  const at = new Date(Date.now() + (8 * 3_600 - secondsAgo) * 1_000);
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

eachDatabaseInTurn('tables that an older program writes in local time (CHAINPARSE_DB_TIMEZONE=+08:00)', (database) => {
  let node: ChainSimulator;
  let older: Database;

  before(async () => {
    node = await ChainSimulator.start();
    older = await openDatabase(await database.fresh(), { create: true });
    await older.knex.raw('SELECT 1');
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
    // On a busy machine its first beat may be yet to come.
    const age = async (): Promise<number | null> => (await scenario.tasks())[0]?.heartbeat_age_seconds ?? null;
    await eventually('a beat of ours', async () => (await age()) !== null);
    expect(await age()).to.be.within(0, 10);
    await endGently([run]);
  });

  it('are judged by nobody who is set to another: such a monitor is refused, and the living task lives', async function () {
    this.timeout(60_000);
    const scenario = await Scenario.begin(await database.fresh(), node.url, { mode: 'realtime' });
    const run = scenario.run();
    await whenRunning([run]);
    const monitor = scenario.start(...quickMonitor);
    await monitor.output(/timeout check: 1 running, 0 timed out/);
    const china = scenario.in({ CHAINPARSE_DB_TIMEZONE: '+08:00' });
    const refused = [quickMonitor, ['run-pipeline', '45', '--take-over'], ['worker'], ['heartbeat', 'send', '1']];
    for (const args of refused) {
      const { code, stderr } = await china.start(...args).exit(20_000);
      expect(code, `${args.join(' ')}: ${stderr}`).to.equal(2);
      expect(stderr).to.match(/^error: the database holds its times in \+00:00, and this process is set to \+08:00$/m);
      expect(stderr).to.match(/^hint: remove CHAINPARSE_DB_TIMEZONE/m);
    }
    expect(await stateOf(scenario, 45)).to.deep.equal([0, null]);
    const change = await scenario.start('migrate', '--time-zone', '+08:00').exit();
    expect([change.code, change.stderr.replace(/^the database is .*\n/, '')]).to.deep.equal([
      1,
      "error: the time zone can't be changed while the database is in use: task 1 runs\n" +
        'hint: stop runs, workers, monitors and chainparse serve first\n',
    ]);
    await endGently([run, monitor]);
    await scenario.chainparse('migrate', '--time-zone', '+08:00');
    const shown = JSON.parse(await scenario.chainparse('config', '--json')) as { settings: Record<string, string>[] };
    expect(shown.settings.find(({ setting }) => setting === 'database_timezone')).to.deep.equal({
      setting: 'database_timezone',
      value: '+08:00',
      source: 'database',
    });
    expect(JSON.parse(await scenario.chainparse('heartbeat', 'test', '--json'))).to.include({ ok: true });
  });
});
