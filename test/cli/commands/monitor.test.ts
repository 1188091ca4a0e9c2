import { expect } from 'chai';
import { run } from '../../../src/cli/main.js';
import type { Database } from '../../../src/database/database.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { insertSilentTask } from '../../database/insert-silent-task.js';
import { createDatabase, eachDatabaseInTurn, eachServer } from '../../support/databases.js';
import { freePort } from '../../support/free-port.js';
import { openMigrated } from '../../support/migrated-database.js';
import { startChainparse } from '../../support/processes.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/within.js';
import { FakeIo } from '../fake-io.js';
import { runIn, runInPlace, type CommandResult } from '../run-in.js';

/** Long intervals: a machine that is busy with other tests may answer late, which a monitor takes for an outage. */
const patience = ['--timeout', '1', '--heartbeat-interval', '10'];
const english = ['--lang', 'en', '--log-format', 'pretty'];

/** A check that had to wait all the same says so, in a line that the tests do without. */
const waiting = /^.*nobody is judged for \d+ s.*\n/gm;

/** Runs one check, in English whatever the surroundings speak; who is silent in a wait is no alert here. */
async function checkOnce(url: string, ...options: readonly string[]): Promise<CommandResult> {
  const place = { cwd: temporaryFolder(), env: { CHAINPARSE_ALERT_TASK_STALLED: 'off' } };
  const args = ['monitor', '--once', ...patience, ...english, '--database', url, ...options];
  const result = await runInPlace(place, args);
  return { ...result, stderr: result.stderr.replaceAll(waiting, '') };
}

eachDatabaseInTurn('the monitor command', (testDatabase) => {
  let database: Database;
  let tasks: TaskStore;

  before(async () => {
    database = await openMigrated(await testDatabase.fresh());
    tasks = new TaskStore(database);
    // A server that has just come up is not trusted yet.
    await eventually(
      'the server is up for three beats',
      async () => {
        const uptime = database.dialect.uptime(database.knex);
        if (uptime === null) return true;
        return (uptime.read(await uptime.query) ?? 0) >= 30;
      },
      40_000,
    );
  });
  after(() => database.close());
  beforeEach(async () => {
    await database.write([database.knex('pipeline_task').delete()]);
  });

  it('checks once, and says on stdout how many it looked at and failed', async () => {
    const [silent] = [await insertSilentTask(database, 100), await insertSilentTask(database, 0)];
    const { code, stdout, stderr } = await checkOnce(testDatabase.url());
    expect([code, stdout]).to.deep.equal([0, '2 running, 1 timed out\n']);
    expect(stderr).to.match(
      new RegExp(
        `task timed out: task_id=${silent}, pipeline_id=45, last heartbeat \\S+ \\(1 min ago\\), timeout 1 min\n` +
          `.*task ${silent}: running -> failed \\(timeout\\)\n.*timeout check: 2 running, 1 timed out, \\d+ ms\n$`,
      ),
    );
    const { status, endReason, error } = await tasks.get(silent);
    expect([status, endReason]).to.deep.equal([2, 'timeout']);
    expect(error).to.match(/^silent for longer than its timeout: failed by monitor \S+:\d+ \(\w{6}\), check 1$/);
  });

  it('gives what it did as JSON, its tasks as `tasks list` shows them', async () => {
    const progress = JSON.stringify({ mode: 'realtime', nextBlock: 7, targetBlock: null, headBlock: 9, events: 3 });
    const silent = await insertSilentTask(database, 100);
    const values = { worker: 'host-1:4711', progress };
    await database.write([database.knex('pipeline_task').where({ id: silent }).update(values)]);
    const { code, stdout, stderr } = await checkOnce(testDatabase.url(), '--json', '--log-format', 'json');
    expect(code).to.equal(0);
    const result = JSON.parse(stdout) as { checked: number; timed_out: Record<string, unknown>[] };
    expect(result.checked).to.equal(1);
    expect(result.timed_out).to.have.length(1);
    const ended = { task_id: silent, status_text: '失败', end_reason: 'timeout', timeout_minutes: 1 };
    expect(result.timed_out[0]).to.include(ended);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ event }) => event)).to.deep.equal(['task.timed_out', 'task.status', 'monitor.checked']);
    expect(lines[0]).to.include({ task_id: silent, pipeline_id: 45, timeout_minutes: 1, worker: 'host-1:4711' });
    expect(lines[0]?.['progress']).to.include({ next_block: 7 });
  });

  it('prints nothing but the result where nobody is silent', async () => {
    await insertSilentTask(database, 0);
    const result = await checkOnce(testDatabase.url());
    expect(result).to.deep.equal({ code: 0, stdout: '1 running, 0 timed out\n', stderr: '' });
  });

  it('checks at every interval until it is told to end, and then ends with 0', async function () {
    this.timeout(120_000);
    const io = new FakeIo({ cwd: temporaryFolder() });
    const args = ['monitor', ...patience, '--interval', '1', '--lang', 'en', '--database', testDatabase.url()];
    const ended = run(args, io);
    const timedOut = (): number => io.stderr.text.match(/task timed out/g)?.length ?? 0;
    for (const count of [1, 2]) {
      await insertSilentTask(database, 100);
      await eventually(`${count} tasks are failed`, () => timedOut() === count, 45_000);
    }
    io.signal('SIGTERM');
    expect(await ended).to.equal(0);
    expect(io.stdout.text).to.equal('');
  });

  it('refuses a timeout under three heartbeat intervals', async () => {
    const { code, stderr } = await checkOnce(testDatabase.url(), '--heartbeat-interval', '21');
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: .*three heartbeat intervals/);
  });
});

describe('the monitor command without a database', () => {
  it('takes an interval or a schedule, and no schedule that is none', async () => {
    const both = await checkOnce('sqlite:none.db', '--interval', '5', '--schedule', '*/5 * * * *');
    expect(both).to.include({ code: 2, stderr: 'error: give --interval or --schedule, not both\n' });
    const wrong = await checkOnce('sqlite:none.db', '--schedule', '*/5 * * 13 *');
    expect(wrong.code).to.equal(2);
    expect(wrong.stderr).to.match(
      /^error: --schedule '\*\/5 \* \* 13 \*' is no schedule: the month can't be 13\nhint: /,
    );
  });

  it('exits 5 where there is none, or nothing answers', async () => {
    expect(await checkOnce('sqlite:none.db')).to.include({ code: 5, stdout: '' });
    const { code, stderr } = await checkOnce(`mysql://root@127.0.0.1:${await freePort()}/none`);
    expect(code).to.equal(5);
    expect(stderr).to.match(/^error: the database .* can't be reached/);
  });
});

eachDatabaseInTurn('the monitor command on an empty database', (testDatabase) => {
  for (const [what, options] of [
    ['once', ['--once']],
    ['as a daemon', []],
  ] as const) {
    it(`says that it is not migrated, ${what}`, async () => {
      const url = await testDatabase.fresh();
      if (testDatabase.dialect === 'sqlite') {
        const database = await openMigrated(url);
        await database.knex.raw('DELETE FROM chainparse_migration');
        await database.close();
      }
      const result = await runIn(temporaryFolder(), 'monitor', ...patience, ...options, '--database', url);
      expect(result.code).to.equal(5);
      expect(result.stderr)
        .to.match(/not migrated/)
        .and.contain('hint: chainparse migrate');
    });
  }
});

eachServer('the monitor command and a server that is away', (server) => {
  it('waits for it from the start, and then until living runs were heard', async function () {
    this.timeout(60_000);
    const url = await createDatabase(server().url());
    const database = await openMigrated(url);
    const id = await insertSilentTask(database, 100);
    await database.close();
    await server().stop();
    const env = { CHAINPARSE_DATABASE_URL: url };
    const shortPatience = ['--timeout', '1', '--heartbeat-interval', '2', '--interval', '1'];
    const monitor = startChainparse(['monitor', ...shortPatience, '--lang', 'en'], { env });
    await monitor.output(/nobody is judged while the database is away/);
    await server().restart();
    await monitor.output(/nobody is judged for \d s, in which living runs are heard/);
    await monitor.output(new RegExp(`task timed out: task_id=${id}, `));
    monitor.signal('SIGINT');
    expect((await monitor.exit()).code).to.equal(0);
  });
});
