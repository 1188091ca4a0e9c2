import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { TimeoutStore } from '../../../src/database/tasks/timeout-store.js';
import { systemClock, type Clock } from '../../../src/runtime/clock.js';
import { runHeartbeatTest } from '../../../src/tasks/heartbeat-test/heartbeat-test.js';
import type { TestStepResult } from '../../../src/tasks/heartbeat-test/test-step.js';
import { ageTask } from '../../database/aged-task.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { exampleWorker } from '../run/task-fixture.js';

describe('the heartbeat test', () => {
  let database: Database;
  let rival: Database;

  before(async () => {
    const url = `sqlite:${temporaryFolder()}/test.db`;
    database = await openMigrated(url);
    rival = await openDatabase(url);
  });
  after(async () => {
    await rival.close();
    await database.close();
  });

  /** What a monitor at work does while the test is frozen for so long. */
  const freeze = async (seconds: number): Promise<void> => {
    const rows = await database.read<{ id: number }[]>((knex) =>
      knex('pipeline_task').select('id').where({ status: 0 }).whereNotNull('last_heartbeat'),
    );
    const ids = rows.map(({ id }) => id);
    for (const id of ids) await ageTask(database, id, { created: seconds, heartbeat: seconds });
    await new TimeoutStore(database).fail(ids, {
      rule: { timeoutSeconds: 1, heartbeatIntervalSeconds: 0.1 },
      reason: 'failed by monitor host-9:1',
      deadline: '9999-12-31 00:00:00',
      heardForSeconds: null,
    });
  };
  const run = async (changes: {
    readonly clock?: Clock;
    readonly onStep?: (step: TestStepResult) => Promise<void>;
  }): Promise<readonly string[]> => {
    const { steps } = await runHeartbeatTest({
      ...{ database, rival, heartbeatIntervalSeconds: 4, worker: exampleWorker('here:1'), token: 'fixture' },
      ...{ clock: systemClock, signal: new AbortController().signal, onStep: () => Promise.resolve(), ...changes },
    });
    return steps.filter(({ ok }) => !ok).map(({ name, hint }) => `${name}: ${String(hint?.en)}`);
  };
  const delayed =
    /a monitor that is at work here failed task \d+ after 1[56] s of silence: this test was suspended, or the database was slow/;

  it('says that it was suspended, or the database slow, where a monitor at work failed its beating task for that', async () => {
    const failed = await run({ onStep: ({ name }) => (name === 'beat_latency' ? freeze(15) : Promise.resolve()) });
    expect(failed).to.have.length(1);
    expect(failed[0])
      .to.match(/^beating_survives: /)
      .and.to.match(delayed);
  });

  it('says so of a step that waits on a task of its own, too', async () => {
    const sleep: Clock['sleep'] = (ms, signal) => (ms > 1_000 ? freeze(15) : systemClock.sleep(ms, signal));
    const failed = await run({ clock: { ...systemClock, sleep } });
    expect(failed[0])
      .to.match(/^beat_grows: /)
      .and.to.match(delayed);
  });

  it('says what else may be wrong where a monitor at work failed a task that was hardly silent', async () => {
    const failed = await run({ onStep: ({ name }) => (name === 'beat_latency' ? freeze(2) : Promise.resolve()) });
    expect(failed).to.have.length(1);
    expect(failed[0]).to.match(/^beating_survives: see whether the database understands its own times/);
  });
});
