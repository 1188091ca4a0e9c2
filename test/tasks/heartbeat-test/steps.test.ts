import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { listSilentTasks } from '../../../src/database/tasks/task-statistics.js';
import { TimeoutStore } from '../../../src/database/tasks/timeout-store.js';
import type { Judged } from '../../../src/tasks/heartbeat-test/silence-trial.js';
import { SilenceTrial } from '../../../src/tasks/heartbeat-test/silence-trial.js';
import { StepFailedError } from '../../../src/tasks/heartbeat-test/step-failed-error.js';
import { makeOlderTables } from '../../database/older-program.js';
import { ageTask } from '../../database/aged-task.js';
import { eachDatabase } from '../../support/databases.js';
import { systemClock, type Clock } from '../../../src/runtime/clock.js';
import { openMigrated } from '../../support/migrated-database.js';
import { silentTask } from '../monitor/monitor-fixture.js';
import { broken, play, setStage, without, type Edit } from './scene-fixture.js';

type Stage = Awaited<ReturnType<typeof setStage>>;

eachDatabase('a step of the heartbeat test', (testDatabase) => {
  let database: Database;
  let stage: Stage | undefined;

  before(async () => {
    database = await openMigrated(await testDatabase.fresh());
  });
  after(() => database.close());
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
  });

  const set = async (changes: Parameters<typeof setStage>[2] = {}, on = database): Promise<Stage> => {
    stage = await setStage(on, testDatabase.url(), changes);
    return stage;
  };
  /** Lets the silent be silent for long, without waiting for it. */
  const fallSilent = async ({ trial }: Stage): Promise<{ readonly quiet: number; readonly mute: number }> => {
    await trial.begin();
    const [quiet, mute] = [trial.livingId - 2, trial.livingId - 1];
    await ageTask(database, quiet, { created: 200, heartbeat: 100 });
    await ageTask(database, mute, { created: 100, heartbeat: null });
    await ageTask(database, trial.livingId, { created: 200, heartbeat: 100 });
    return { quiet, mute };
  };
  const silence = ['silent_by_heartbeat', 'silent_by_creation', 'beating_survives', 'two_monitors_once'];

  for (const name of ['starts_null', 'beat_lands', 'finished_refused', 'missing_refused', 'taken_over_refused']) {
    it(`${name} holds`, async () => {
      expect(await play(name, await set())).not.to.be.instanceOf(StepFailedError);
    });
  }

  const whoever: Edit = (s) => without(s, '`worker` = ? and `worker_identity` = ? and `status` = ? and ');
  const mutants: readonly (readonly [name: string, what: string, edit: Edit])[] = [
    ['starts_null', 'a task is born with a heartbeat', bornBeating],
    ['beat_lands', 'a beat writes another time', longAgo],
    ['beat_grows', 'a beat writes the same time for ever', longAgo],
    ['finished_refused', 'beats of ended tasks land', whoever],
    ['taken_over_refused', 'beats of ended tasks land', whoever],
    ['stale_commit_refused', 'no fence stops a commit', ({ sql, bindings }) => ({ sql, bindings })],
  ];
  for (const [name, what, edit] of mutants) {
    it(`${name} fails where ${what}`, async () => {
      const outcome = await play(name, await set({}, broken(database, edit)));
      expect(outcome).to.be.instanceOf(StepFailedError);
      expect((outcome as StepFailedError).hint.en).not.to.equal('');
    });
  }

  it('stale_commit_refused holds, and stores the event of the holder once', async () => {
    const { scene } = await set();
    expect(await play('stale_commit_refused', stage!)).not.to.be.instanceOf(StepFailedError);
    const events = await database.read<unknown[]>((knex) =>
      knex('event').where({ pipeline_id: scene.pipelineId('main') }),
    );
    expect(events).to.have.length(1);
  });

  it('of silence holds: the silent are failed, the beating one is not, and each is told once', async () => {
    await fallSilent(await set());
    for (const name of silence) expect(await play(name, stage!)).not.to.be.instanceOf(StepFailedError);
  });

  it('of silence lets no monitor at work believe that a task is stalled', async () => {
    const { scene, trial } = await set();
    await trial.begin();
    const ids = [trial.livingId - 2, trial.livingId - 1, trial.livingId];
    for (const id of ids) await ageTask(database, id, { created: 1_000, heartbeat: 500 });
    const stalled = await listSilentTasks(database, { defaultIntervalSeconds: 30, limit: 100 });
    expect(stalled.filter(({ id }) => ids.includes(id))).to.deep.equal([]);
    expect((await scene.tasks.get(trial.livingId)).heartbeatInterval).to.equal(null);
  });

  it('of silence holds where a monitor at work was faster, and says so', async () => {
    const { quiet, mute } = await fallSilent(await set());
    const other = new TimeoutStore(database);
    const rule = { timeoutSeconds: 3, heartbeatIntervalSeconds: 1 };
    const verdict = {
      rule,
      reason: 'failed by monitor host-9:1',
      deadline: '9999-12-31 00:00:00',
      heardForSeconds: null,
    };
    expect(await other.fail([quiet, mute], verdict)).to.have.length(2);
    for (const name of silence) expect(await play(name, stage!)).not.to.be.instanceOf(StepFailedError);
    const told = await play('two_monitors_once', stage!);
    expect(told.detail.en).to.equal('reported 0 and 0 times; 2 by a monitor that is at work here');
  });

  const deaf = (s: Parameters<Edit>[0]): ReturnType<Edit> => ({
    ...s,
    sql: s.sql.includes('timeout_minutes * 60') ? `${s.sql} and 1 = 0` : s.sql,
  });
  for (const name of ['silent_by_heartbeat', 'silent_by_creation']) {
    it(`${name} fails where a monitor's statement matches nothing`, async () => {
      const mutant = await set({ rival: broken(database, deaf) }, broken(database, deaf));
      await fallSilent(mutant);
      expect(await play(name, mutant)).to.be.instanceOf(StepFailedError);
    });
  }

  it('beating_survives fails where a monitor judges whoever it has looked at', async () => {
    const rash: Edit = (s) => (s.sql.includes('>=') ? { ...s, sql: s.sql.replaceAll('>=', '<> -7 +') } : s);
    const mutant = await set({}, broken(database, rash));
    await fallSilent(mutant);
    expect(await play('beating_survives', mutant)).to.be.instanceOf(StepFailedError);
  });

  it('of silence proves nothing where beat and judgement were far apart', async () => {
    const { scene, close } = await set({ clock: everLater() });
    const trial = new SilenceTrial(scene, [3]);
    await fallSilent({ scene, trial, close });
    const outcome = await play('beating_survives', { scene, trial });
    expect(outcome.detail.en).to.match(/nothing is proven/);
  });

  it('of silence is tried once more where beat and judgement were far apart', async () => {
    let looks = 0;
    const clock = { ...systemClock, monotonic: (): number => systemClock.monotonic() + (looks++ === 0 ? 0 : 60_000) };
    const { scene, close } = await set({ clock });
    const trial = new SilenceTrial(scene, [3, 3]);
    await fallSilent({ scene, trial, close });
    for (const name of silence) expect(await play(name, { scene, trial })).not.to.be.instanceOf(StepFailedError);
  });

  it('two_monitors_once fails where both tell of a task', async () => {
    const told = (reportedBy: readonly string[]): Judged => ({
      task: { ...silentTask, status: 2, endReason: 'timeout', error: 'one' },
      isListed: true,
      reportedBy,
      isAnothers: false,
    });
    const trial = new SilenceTrial((await set()).scene);
    for (const [quiet, holds] of [
      [['one'], true],
      [['one', 'two'], false],
      [['two'], false],
      [[], false],
    ] as const) {
      trial.judge = () => Promise.resolve({ quiet: told(quiet), mute: told(['one']), living: told([]) });
      const outcome = await play('two_monitors_once', { scene: stage!.scene, trial });
      expect(!(outcome instanceof StepFailedError)).to.equal(holds);
    }
  });

  for (const [hours, warns, told] of [
    [0, false, /harmless/],
    [1, true, /^the database's is 3\d{3}(\.\d)? s ahead: harmless/],
    [-1, true, /^the database's is 3\d{3}(\.\d)? s behind: harmless/],
  ] as const) {
    it(`clock_skew tells that the clocks are ${hours} h apart${warns ? ', and warns' : ''}`, async () => {
      await set({ clock: { ...systemClock, now: () => systemClock.now() - hours * 3_600_000 } });
      const outcome = await play('clock_skew', stage!);
      const skew = expect(outcome).to.have.nested.property('measured.clockSkewSeconds');
      skew.that.is.within(hours * 3_600 - 1, hours * 3_600 + 1);
      expect(outcome).to.have.property('isWarning', warns);
      expect(outcome.detail.en).to.match(told);
    });
  }

  it('beat_latency measures a hundred beats', async () => {
    await (await set()).trial.begin();
    const outcome = await play('beat_latency', stage!);
    const { p50, p99 } = (outcome as { measured: { latencyMs: { p50: number; p99: number } } }).measured.latencyMs;
    expect(p50).to.be.greaterThan(0);
    expect(p99).to.be.at.least(p50);
    expect(outcome.detail.en).to.contain('of 100 beats');
  });

  it('beat_latency fails where a beat takes half of its interval', async () => {
    await (await set({ heartbeatIntervalSeconds: 1e-6 })).trial.begin();
    expect(await play('beat_latency', stage!)).to.be.instanceOf(StepFailedError);
  });

  it('index_used names the index, also where the table is too small to need it, and misses it', async () => {
    await set();
    const outcome = await play('index_used', stage!);
    expect(outcome)
      .to.have.nested.property('measured.index')
      .that.matches(/^idx_pipeline_task_/);
    const on = ['sqlite', 'postgres'].includes(testDatabase.dialect) ? '' : ' ON pipeline_task';
    await database.knex.raw(`DROP INDEX idx_pipeline_task_heartbeat${on}`);
    const missing = await play('index_used', stage!);
    expect(missing).to.be.instanceOf(StepFailedError);
    const { hint } = missing as StepFailedError;
    await database.knex.raw(hint.en);
    expect(await play('index_used', stage!)).not.to.be.instanceOf(StepFailedError);
  });

  it('nothing_left fails where rows can’t be removed', async () => {
    const kept: Edit = (s) => (/^delete from `pipeline`/.test(s.sql) ? { ...s, sql: `${s.sql} and 1 = 0` } : s);
    await set({}, broken(database, kept));
    const outcome = await play('nothing_left', stage!);
    expect(outcome).to.be.instanceOf(StepFailedError);
    expect(outcome.detail.en).to.equal('4 rows are left');
    const sweeper = await setStage(database, testDatabase.url(), { token: 'fixture' });
    await sweeper.close();
  });
});

eachDatabase('the heartbeat test on an older program’s tables, with foreign keys', (testDatabase) => {
  it('finds room for its rows, and removes them', async () => {
    const url = await testDatabase.fresh();
    const empty = await openDatabase(url, { create: true });
    await makeOlderTables(empty, { rows: 500 });
    // SQLite adds no such column.
    if (empty.dialect.name !== 'sqlite') {
      await empty.knex.raw("ALTER TABLE pipeline ADD COLUMN owner CHAR(9) NOT NULL DEFAULT ''");
      await empty.knex.raw('ALTER TABLE pipeline ALTER COLUMN owner DROP DEFAULT');
    }
    await empty.close();
    const database = await openMigrated(url);
    const stage = await setStage(database, url);
    for (const name of ['starts_null', 'taken_over_refused', 'stale_commit_refused']) {
      expect(await play(name, stage)).not.to.be.instanceOf(StepFailedError);
    }
    expect(await play('nothing_left', stage)).not.to.be.instanceOf(StepFailedError);
    await stage.close();
    await database.close();
  });
});

function bornBeating(statement: Parameters<Edit>[0]): ReturnType<Edit> {
  const sql = statement.sql.replace(
    'update `pipeline_task` set `log_path`',
    'update `pipeline_task` set `last_heartbeat` = `create_time`, `log_path`',
  );
  return { ...statement, sql };
}

/** Writes an instant of long ago instead of now. */
function longAgo(statement: Parameters<Edit>[0]): ReturnType<Edit> {
  const found =
    /`last_heartbeat` = (NOW\(\)|datetime\('now', \?\)|date_trunc\('second', \(SELECT clock_timestamp\(\)\)::timestamp\))/.exec(
      statement.sql,
    );
  if (found === null) return statement;
  const sql = statement.sql.replace(found[0], "`last_heartbeat` = '2024-01-15 10:00:00'");
  return { ...statement, sql, bindings: statement.bindings.slice(found[0].includes('?') ? 1 : 0) };
}

/** A clock by which three seconds pass whenever it is looked at. */
function everLater(): Clock {
  let looks = 0;
  return { ...systemClock, monotonic: () => ++looks * 3_000 };
}
