import { expect } from 'chai';
import { run } from '../../../src/cli/main.js';
import type { Database } from '../../../src/database/database.js';
import { MonitorStore } from '../../../src/database/operations/monitor-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { taskStatus } from '../../../src/model/task.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { storeLogs } from '../../support/stored-logs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/within.js';
import { FakeIo } from '../fake-io.js';
import { runIn, type CommandResult } from '../run-in.js';

eachDatabase('the tasks commands', (testDatabase) => {
  let database: Database;
  let tasks: TaskStore;
  let folder: string;
  const chainparse = (...argv: readonly string[]): Promise<CommandResult> =>
    runIn(folder, ...argv, '--database', testDatabase.url());
  const json = async (...argv: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await chainparse(...argv, '--json');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  };
  const idsOf = async (...argv: readonly string[]): Promise<unknown> => {
    const list = (await json('tasks', 'list', ...argv)) as { tasks: { task_id: number }[] };
    return list.tasks.map(({ task_id }) => task_id);
  };
  /** Makes a task's last sign of life older than it is. */
  const age = async (id: number, columns: Record<string, string | number | null>): Promise<void> => {
    await database.write([database.knex('pipeline_task').where({ id }).update(columns)]);
  };

  // 1 failed, 2 and 3 run (3 has never beaten), 4 waits.
  before(async () => {
    folder = temporaryFolder();
    database = await openMigrated(await testDatabase.fresh());
    tasks = new TaskStore(database);
    await new MonitorStore(database).register('host-2:1 (ab12cd)', 300);
    await storeLogs(database, 45, {});
    await tasks.finish(1, { status: taskStatus.failed, endReason: 'timeout', error: 'no sign of life' }, null);
    await storeLogs(database, 45, {});
    await storeLogs(database, 46, {});
    await age(3, { create_time: '2024-01-15 10:00:00', last_heartbeat: null, timeout_minutes: 1.5, progress: null });
    const waiting = { pipeline_id: 47, create_time: '2024-01-15 10:00:00', status: taskStatus.queued, log_path: '' };
    await database.write([database.knex('pipeline_task').insert(waiting)]);
  });
  after(() => database.close());

  it('list tasks as the contract shows them, newest first', async () => {
    const { tasks: listed, ...page } = (await json('tasks', 'list')) as { tasks: Record<string, unknown>[] };
    expect(page).to.deep.equal({ total: 4, page: 1, page_size: 20 });
    expect(listed.map(({ task_id, status_text }) => [task_id, status_text])).to.deep.equal([
      [4, '等待运行'],
      [3, '正在运行'],
      [2, '正在运行'],
      [1, '失败'],
    ]);
    const { create_time, last_heartbeat, heartbeat_age_seconds, ...running } = listed[2]!;
    expect([create_time, last_heartbeat]).to.satisfy((texts: string[]) =>
      texts.every((text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)),
    );
    expect(heartbeat_age_seconds).to.be.within(0, 30);
    expect(running).to.deep.equal({
      task_id: 2,
      pipeline_id: 45,
      status: 0,
      status_text: '正在运行',
      status_name: 'running',
      log_path: 'logs/pipeline_2.log',
      worker: 'host-1:4711',
      timeout_minutes: 60,
      end_time: null,
      end_reason: null,
      error: null,
      progress: { mode: 'realtime', next_block: 11, target_block: null, head_block: 13, events: 0, lag_blocks: 2 },
    });
    expect(listed[1]).to.include({ timeout_minutes: 1.5, heartbeat_age_seconds: null, last_heartbeat: null });
    expect(listed[0]).to.include({ log_path: null, worker: null, progress: null });
  });

  it('list those of a status, by name or number, of a pipeline, page by page', async () => {
    expect(await idsOf('--status', 'running')).to.deep.equal([3, 2]);
    expect(await idsOf('--status', 'RUNNING')).to.deep.equal([3, 2]);
    expect(await idsOf('--status', '2')).to.deep.equal([1]);
    expect(await idsOf('--status', 'queued', '--pipeline', '47')).to.deep.equal([4]);
    expect(await idsOf('--pipeline', '45')).to.deep.equal([2, 1]);
    expect(await idsOf('--limit', '3', '--page', '2')).to.deep.equal([1]);
    expect(await idsOf('--page', '9007199254740991')).to.deep.equal([]);
  });

  it('refuse a status or a page that there can’t be, and a pipeline that there is not', async () => {
    expect(await chainparse('tasks', 'list', '--status', 'asleep')).to.include({ code: 2 });
    expect(await chainparse('tasks', 'list', '--page', '0')).to.include({ code: 2 });
    const unknown = await chainparse('tasks', 'list', '--pipeline', '999');
    expect(unknown).to.include({ code: 3, stdout: '' });
    expect(unknown.stderr).to.contain('there is no pipeline 999');
  });

  it('print a table for people, in their language', async () => {
    const { stdout } = await chainparse('tasks', 'list', '--limit', '3', '--page', '2', '--lang', 'en');
    expect(stdout).to.match(/^id {2}pipeline {2}status {2}worker/);
    expect(stdout).to.match(
      /\n 1 {8}45 {2}failed {2}host-1:4711 .*\(\d+ s ago\) {2}block 10, 2 behind, 0 events {2}timeout\n$/,
    );
    const zh = await chainparse('tasks', 'list', '--lang', 'zh');
    expect(zh.stdout).to.contain('最后心跳时间').and.contain('正在运行');
    const paged = await chainparse('tasks', 'list', '--limit', '3', '--lang', 'zh');
    expect(paged.stderr).to.equal('第 1 页, 共 2 页, 共 4 个任务\n');
    const { stderr } = await chainparse('tasks', 'list', '--limit', '3', '--lang', 'en');
    expect(stderr).to.equal('page 1 of 2, 4 tasks in all\n');
  });

  it('list again and again until Ctrl-C, which is no failure', async () => {
    const io = new FakeIo({ cwd: folder });
    const ended = run(['tasks', 'list', '--watch', '--json', '--database', testDatabase.url()], io);
    await eventually('two lists', () => io.stdout.text.split('\n').length > 2);
    io.signal('SIGINT');
    expect(await ended).to.equal(0);
    const lines = io.stdout.text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { total: number }).total)).to.deep.equal([4, 4]);
  });

  it('show a task: the object of the list, or in words', async () => {
    const list = (await json('tasks', 'list', '--status', 'failed')) as { tasks: object[] };
    const { heartbeat_age_seconds: listedAge, ...listed } = list.tasks[0] as Record<string, unknown>;
    const { heartbeat_age_seconds: shownAge, ...shown } = (await json('tasks', 'show', '1')) as Record<string, unknown>;
    expect(shown).to.deep.equal(listed);
    expect(shownAge).to.be.at.least(listedAge as number);
    const failed = (await chainparse('tasks', 'show', '1', '--lang', 'en')).stdout;
    expect(failed)
      .to.match(/^task 1: failed \(timeout\)\n/)
      .and.contain('no sign of life');
    const alive = (await chainparse('tasks', 'show', '2', '--lang', 'en')).stdout;
    expect(alive).to.match(/alive +yes: its last heartbeat came \d+ s ago, and it beats every 30 s\n/);
    const silent = (await chainparse('tasks', 'show', '3', '--lang', 'en')).stdout;
    expect(silent).to.match(
      /alive +in doubt: it was created \d+ d ago, though .*: it may be taken over now, and a monitor would fail it now\n/,
    );
    expect(silent).to.match(/last heartbeat +never\n/);
  });

  it('count tasks and tell how silent the running ones are', async () => {
    const { longest_silence_seconds, monitors, ...stats } = (await json('tasks', 'stats')) as Record<string, unknown>;
    expect(monitors).to.have.length(1);
    expect((monitors as object[])[0]).to.include({
      name: 'host-2:1 (ab12cd)',
      alive: true,
      checks: 0,
      waiting: null,
    });
    expect(longest_silence_seconds).to.be.greaterThan(86_400 * 365);
    expect(stats).to.deep.equal({
      total: 4,
      running: 2,
      succeeded: 0,
      failed: 1,
      queued: 1,
      timed_out: 1,
      taken_over: 0,
      silent: 1,
      silence_unknown: 0,
      by_end_reason: { timeout: 1 },
      longer_than_minutes: 60,
      running_longer: 1,
      window_minutes: 60,
      ended_in_window: 1,
      timed_out_in_window: 1,
      timeout_rate: 1,
    });
    const longer = ['--longer-than', '99999999', '--window', '5'];
    expect(await json('tasks', 'stats', ...longer)).to.include({
      longer_than_minutes: 99_999_999,
      running_longer: 0,
      window_minutes: 5,
      timed_out_in_window: 1,
    });
    const { stdout } = await chainparse('tasks', 'stats', '--lang', 'en');
    expect(stdout)
      .to.match(/failed +timeout +1\n/)
      .and.match(/three of their intervals: 1; longest silence \d+ d\n/)
      .and.match(/running for more than 60 min: 1; ended in the last 60 min: 1, of which 1 timed out \(100 %\)\n/)
      .and.match(/host-2:1 \(ab12cd\) +alive +\S+ \(\d+ s ago\) +0 +0\n$/);
  });

  it('warn where no monitor has been alive for two of its intervals', async () => {
    const beat = (age: number): Promise<unknown> => {
      const at = new Date(Date.now() - age * 1_000).toISOString().slice(0, 19).replace('T', ' ');
      return database.write([database.knex('monitor').update({ last_heartbeat: at })]);
    };
    const warning = async (...argv: readonly string[]): Promise<string> =>
      (await chainparse('tasks', 'list', '--log-format', 'pretty', ...argv)).stderr;
    await beat(595);
    expect(await warning('--lang', 'en')).to.equal('');
    await beat(610);
    expect(await warning('--lang', 'en')).to.match(
      /warn {2}no monitor is alive \(the last, host-2:1 \(ab12cd\), beat 10 min ago\): nobody fails tasks/,
    );
    expect(await warning('--lang', 'zh')).to.match(/没有存活的监控进程 \(最近心跳: host-2:1 \(ab12cd\), 10 分钟前\)/);
    const { stdout, stderr } = await chainparse('tasks', 'list', '--json', '--log-format', 'json');
    expect(JSON.parse(stdout)).to.have.property('total', 4);
    expect(JSON.parse(stderr)).to.include({ event: 'monitor.none' });
    const stats = await chainparse('tasks', 'stats', '--lang', 'en');
    expect(stats.stdout).to.match(/host-2:1 \(ab12cd\) +silent/);
    await database.write([database.knex('monitor').delete()]);
    expect(await warning('--lang', 'en')).to.match(/warn {2}no monitor is alive: nobody fails tasks/);
    expect(await warning('--quiet')).to.equal('');
    await new MonitorStore(database).register('host-2:2', 300);
  });

  /** Watches the list on a terminal until it has shown something twice; no monitor is alive. */
  async function watched(shown: string, env: Record<string, string> = {}, rows = 24): Promise<FakeIo> {
    await database.write([database.knex('monitor').delete()]);
    const io = new FakeIo({ cwd: folder, screen: true, terminal: true, env });
    io.stdout.rows = rows;
    const ended = run(['tasks', 'list', '--watch', '--lang', 'en', '--database', testDatabase.url()], io);
    await eventually('two lists', () => io.stdout.text.split(shown).length > 2);
    io.signal('SIGINT');
    expect(await ended).to.equal(0);
    return io;
  }

  it('warn below each list on a screen that nobody fails silent tasks', async () => {
    const { stdout } = await watched('no monitor is alive');
    const [before, ...screens] = stdout.text.split('\u001b[2J\u001b[H');
    expect(before).to.equal('');
    expect(screens).to.have.length(2);
    for (const screen of screens) expect(screen).to.match(/^┌[^]*┘\nno monitor is alive.*\n$/);
  });

  it('are so many of the newest on a screen as it has room for, below their heading', async () => {
    const { stdout, stderr } = await watched('no monitor is alive', {}, 11);
    const [, screen] = stdout.text.split('\u001b[2J\u001b[H');
    expect(screen!.split('\n')).to.have.length.at.most(11);
    expect(screen).to.match(/^┌/);
    expect(screen!.match(/^│/gm), 'a heading and two tasks').to.have.length(3);
    expect(stderr.text).to.contain('page 1 of 2, 4 tasks in all');
  });

  it('list below the last on a terminal without control codes, and in no colours', async () => {
    const { stdout, stderr } = await watched('┌', { TERM: 'dumb' });
    expect(stdout.text + stderr.text).not.to.contain('\u001b');
    expect(stderr.text.match(/no monitor is alive/g)).to.have.length(1);
  });

  it('cancel a task that runs or waits, once', async () => {
    const cancelled = await chainparse('tasks', 'cancel', '2', '--lang', 'en');
    expect(cancelled).to.deep.equal({ code: 0, stdout: 'task 2: running -> succeeded (stopped)\n', stderr: '' });
    const again = await chainparse('tasks', 'cancel', '2');
    expect(again).to.include({ code: 1, stdout: '' });
    expect(again.stderr).to.equal(
      'error: task 2 has ended already: succeeded (stopped)\nhint: chainparse tasks show 2\n',
    );
    const zh = await chainparse('tasks', 'cancel', '3', '--lang', 'zh');
    expect(zh.stdout).to.equal('任务 3: 正在运行 -> 成功或结束 (stopped)\n');
    expect(await json('tasks', 'cancel', '4')).to.include({ task_id: 4, status: 1, end_reason: 'stopped' });
    expect(await json('tasks', 'stats')).to.include({ running: 0, succeeded: 3, longest_silence_seconds: null });
  });

  it('answer 3 for a task that there is not', async () => {
    for (const command of ['show', 'cancel', 'log']) {
      const { code, stderr } = await chainparse('tasks', command, '99');
      expect({ code, stderr }).to.deep.equal({
        code: 3,
        stderr: 'error: there is no task 99\nhint: chainparse tasks list\n',
      });
    }
  });

  it('answer 5 where migrations are pending', async () => {
    await database.write([database.knex('chainparse_migration').where('name', 'like', '0003%').delete()]);
    const { code, stderr } = await chainparse('tasks', 'list', '--json');
    expect(code).to.equal(5);
    expect(JSON.parse(stderr)).to.have.nested.include({
      'error.code': 'NOT_MIGRATED',
      'error.hint': 'chainparse migrate',
    });
  });
});
