import { expect } from 'chai';
import { run } from '../../../src/cli/main.js';
import { AlertStore } from '../../../src/database/operations/alert-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database } from '../../../src/database/database.js';
import { EndpointStore } from '../../../src/database/operations/endpoint-store.js';
import { MonitorStore } from '../../../src/database/operations/monitor-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { claimRequest } from '../../database/claim-request.js';
import { ageTask } from '../../database/aged-task.js';
import { createDatabase, eachDatabaseInTurn, eachServer } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/within.js';
import { FakeIo } from '../fake-io.js';
import { runIn } from '../run-in.js';

const progress = { mode: 'realtime', nextBlock: 100, targetBlock: null, headBlock: 107, events: 4711 } as const;
const enter = '\u001b[?1049h';
const leave = '\u001b[?25h\u001b[?1049l';

interface Status {
  readonly pipelines: readonly Record<string, unknown>[];
  readonly running: readonly Record<string, unknown>[];
  readonly alerts: readonly object[];
  readonly monitors: readonly object[];
  readonly endpoints: readonly Record<string, unknown>[];
}

eachDatabaseInTurn('chainparse status', (testDatabase) => {
  const folder = temporaryFolder();
  let url: string;
  let database: Database;
  let tasks: TaskStore;

  const status = (...args: string[]) => runIn(folder, 'status', '--database', url, '--lang', 'en', ...args);

  async function addPipeline(id: number, name: string, disabled = 0): Promise<void> {
    const { knex, dialect } = database;
    const now = dialect.now(knex);
    const row = { id, name, classification_id: 1, disabled, create_time: now, update_time: now };
    await database.write([knex('pipeline').insert(row)]);
  }

  async function runTaskOf(pipelineId: number): Promise<number> {
    await new CheckpointStore(database).get(pipelineId);
    const id = await tasks.claim(claimRequest({ pipelineId }));
    await tasks.renew([{ taskId: id, progress }]);
    return id;
  }

  // 45 runs, 46 runs and is silent, 47 has failed, 48 never ran, 49 is disabled.
  beforeEach(async () => {
    url = await testDatabase.fresh();
    database = await openMigrated(url);
    tasks = new TaskStore(database);
    const names = ['usdc', 'frozen', 'broken', 'new', 'off'];
    for (const [i, name] of names.entries()) await addPipeline(45 + i, name, name === 'off' ? 1 : 0);
    await runTaskOf(45);
    await ageTask(database, await runTaskOf(46), { created: 2_000, heartbeat: 1_000 });
    const outcome = { status: 2, endReason: 'chain_unreachable', error: 'gone' } as const;
    await tasks.finish(await runTaskOf(47), outcome, progress);
  });
  afterEach(() => database.close());

  it('prints the system once where there is no terminal: what needs a look first', async () => {
    await new MonitorStore(database).register('host-2:1 (ab12cd)', 300);
    const { code, stdout, stderr } = await status();
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^2 running, 1 silent; in the last hour 1 ended, 0 timed out\n/);
    expect(stdout).to.match(/\n1 monitor: host-2:1 \(ab12cd\), beat \d s ago\n/);
    const order = [
      ...stdout.matchAll(/^ +(4\d) +(\w+) +(silent|failed \(chain_unreachable\)|running|never ran|disabled)/gm),
    ];
    expect(order.map(([, id, name, state]) => [Number(id), name, state])).to.deep.equal([
      [46, 'frozen', 'silent'],
      [47, 'broken', 'failed (chain_unreachable)'],
      [45, 'usdc', 'running'],
      [48, 'new', 'never ran'],
      [49, 'off', 'disabled'],
    ]);
    // The most silent task comes first.
    expect(stdout).to.match(/silent for.*\n +2 +46 +16 min .*\n +1 +45 +\d s /);
    expect(stdout).to.contain('block 99, 7 behind, 4711 events');
    expect(stdout).not.to.contain('\u001b');
  });

  it('says loudly that no monitor is alive, and shows alerts', async () => {
    const condition = { rule: 'task_stalled', subject: 'task 2', message: 'task 2 is silent for 1000 s' } as const;
    const about = { taskId: 2, pipelineId: 46, details: {} };
    await new AlertStore(database).raise(
      { ...condition, ...about },
      { worker: 'w', repeatSeconds: 60, openSeconds: 0 },
    );
    const { stdout } = await status('--once');
    expect(stdout).to.match(/\nNO MONITOR IS ALIVE: start one with chainparse monitor\n/);
    expect(stdout).to.match(/\nALERTS \(1\)\n.*\n +1 +task_stalled +\d s +task 2 is silent for 1000 s\n/);
    const { stdout: chinese } = await status('--once', '--lang', 'zh');
    expect(chinese).to.contain('没有存活的监控进程').and.contain('静默').and.contain('流水线');
  });

  it('takes nobody for alive by a sign of life that lies ahead of a clock that was set back', async () => {
    await new MonitorStore(database).register('host-2:1 (ab12cd)', 300);
    const { knex, dialect } = database;
    const ahead = { last_heartbeat: dialect.secondsAgo(knex, -3_700) };
    await database.write([knex('monitor').update(ahead), knex('pipeline_task').where({ id: 1 }).update(ahead)]);
    const { stdout } = await status('--once');
    expect(stdout).to.match(/^2 running, 1 silent, 1 of unknown silence; /);
    expect(stdout).to.match(/\nNO MONITOR IS ALIVE: /);
    expect(stdout).to.match(/\n +45 +usdc +running +7 .* -\n/);
    const { monitors, pipelines } = JSON.parse((await status('--json')).stdout) as Status;
    expect(monitors).to.deep.equal([]);
    const ages = pipelines.map(({ pipeline_id: id, heartbeat_age_seconds: age }) => [id, age]);
    expect(ages).to.deep.include([45, null]);
    const warning = (await runIn(folder, 'tasks', 'list', '--database', url, '--lang', 'en')).stderr;
    expect(warning).to.contain('no monitor is alive (the last, host-2:1 (ab12cd), beat 61 min ahead): nobody');
    const { stdout: stats } = await runIn(folder, 'tasks', 'stats', '--database', url, '--lang', 'en');
    expect(stats).to.match(/host-2:1 \(ab12cd\) +silent +\S+ \(61 min ahead\)/);
  });

  it('shows each endpoint that runs ask once, and those first that need a look', async () => {
    const store = new EndpointStore(database);
    const known = {
      ...{ headMs: 12.5, logsMs: null, errorRate: 0, inFlight: 0, maxInFlight: null, maxPerSecond: null },
      ...{ newestBlock: 7, requests: 9, failures: 0, lastError: null, lastErrorSeconds: null },
    };
    const [well, away] = [
      { ...known, name: 'a.example', state: 'healthy' } as const,
      { ...known, name: 'b.example', state: 'resting', lastError: 'gone', lastErrorSeconds: 5 } as const,
    ];
    await store.report({ session: '1', chainId: 1, worker: { name: 'h:1', identity: null } }, [well, away]);
    await store.report({ session: '2', chainId: 1, worker: { name: 'h:2', identity: null } }, [
      well,
      { ...away, state: 'healthy' },
    ]);
    const { stdout } = await status('--once');
    const rows = ['b.example +ethereum +away \\(1/2\\) +12.5 +- +gone', 'a.example +ethereum +healthy +12.5 +- +-'];
    expect(stdout).to.match(new RegExp(`\nRPC ENDPOINTS \\(2\\)\n.*\n +${rows.join(' *\n +')}`));
    expect((await status('--once', '--lang', 'zh')).stdout).to.match(/b\.example +ethereum +不可用/);
    const { endpoints } = JSON.parse((await status('--json')).stdout) as Status;
    expect(endpoints.map(({ endpoint, worker, state }) => [endpoint, worker, state])).to.deep.include.members([
      ['b.example', 'h:1', 'resting'],
      ['b.example', 'h:2', 'healthy'],
    ]);
    const { knex, dialect } = database;
    await database.write([knex('rpc_endpoint').update({ update_time: dialect.secondsAgo(knex, 100) })]);
    expect((await status('--once')).stdout).to.match(/b\.example +ethereum +no report for 10\d s/);
  });

  it('calls the lag of a run unknown while none of its endpoints answers, and says since when', async () => {
    const { worker } = claimRequest({ pipelineId: 45 });
    const away = {
      ...({ name: 'a.example', state: 'resting' } as const),
      ...{ headMs: null, logsMs: null, errorRate: 1, inFlight: 0, maxInFlight: null },
      ...{ maxPerSecond: null, newestBlock: 7, requests: 9, failures: 9, lastError: 'gone', lastErrorSeconds: 5 },
    };
    await new EndpointStore(database).report({ session: '1', chainId: 1, worker: { name: worker, identity: null } }, [
      away,
    ]);
    const { stdout } = await status('--once');
    expect(stdout).to.match(/45 +usdc +running +unknown since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d /);
    expect(stdout)
      .to.match(/block 99, lag unknown since .*, 4711 events/)
      .and.not.to.contain('7 behind');
    expect((await status('--once', '--lang', 'zh')).stdout).to.match(/自 \S+ 起未知/);
    const { pipelines } = JSON.parse((await status('--json')).stdout) as Status;
    const usdc = pipelines.find((pipeline) => pipeline['pipeline_id'] === 45);
    expect(usdc).to.include({ lag_blocks: null });
    expect(usdc?.['lag_unknown_since']).to.match(/^\d{4}-/);
  });

  it('counts the tasks that wait, and says what they wait for', async () => {
    await database.write([
      database.knex('pipeline_task').insert({
        ...{ pipeline_id: 48, status: 3, create_time: database.dialect.now(database.knex), log_path: '' },
      }),
    ]);
    const { stdout } = await status('--once');
    expect(stdout).to.match(/^2 running, 1 silent, 1 queued; in the last hour/);
    expect(stdout).to.match(/48 +new +queued, waits for /);
    expect((await status('--once', '--lang', 'zh')).stdout).to.match(/48 +new +等待运行, 等待/);
    expect(JSON.parse((await status('--json')).stdout)).to.include({ queued_total: 1, time_zone: '+00:00' });
  });

  it('says which stretch of its pipeline’s history a task reads', async () => {
    await database.write([database.knex('pipeline_task').where({ id: 1 }).update({ shard: 3 })]);
    expect((await status('--once')).stdout).to.match(/^ +1 +45 .* shard 3, block 99, 7 behind, 4711 events$/m);
    expect((await status('--once', '--lang', 'zh')).stdout).to.contain('分片 3, 区块 99');
  });

  it('prints one document of JSON', async () => {
    const { stdout } = await status('--json');
    const found = JSON.parse(stdout) as Status;
    expect(found.pipelines.map(({ pipeline_id, state }) => [pipeline_id, state])).to.deep.equal([
      [46, 'silent'],
      [47, 'failed'],
      [45, 'running'],
      [48, 'never_ran'],
      [49, 'disabled'],
    ]);
    expect(found.pipelines[2]).to.include({ name: 'usdc', task_id: 1, mode: 'realtime' });
    expect(found.running.map(({ task_id, silent }) => [task_id, silent])).to.deep.equal([
      [2, true],
      [1, false],
    ]);
    expect(found.running[0]).to.include({ events_per_second: 0, status_name: 'running' });
    expect([found.alerts, found.monitors, found.endpoints]).to.deep.equal([[], [], []]);
  });

  it('shows it anew on a terminal until Ctrl-C, and gives the terminal back as it was', async () => {
    const io = new FakeIo({ cwd: folder, screen: true });
    const ended = run(['status', '--database', url, '--interval', '0.2', '--lang', 'en'], io);
    await eventually('it is shown', () => io.stdout.text.includes('2 running'));
    const { length } = io.stdout.text;
    const outcome = { status: 1, endReason: 'completed', error: null } as const;
    await tasks.finish(1, outcome, progress);
    await eventually('it is shown anew', () => io.stdout.text.slice(length).includes('1 running'));
    io.signal('SIGINT');
    expect(await ended).to.equal(0);
    const { text } = io.stdout;
    expect(text.startsWith(enter)).to.equal(true);
    expect(text.endsWith(leave)).to.equal(true);
    expect(text.split(enter)).to.have.length(2);
    // No line is wider than the terminal, nor are there more of them than it shows.
    for (const frame of text.split('\u001b[H').slice(1)) {
      const lines = frame.replace(/\u001b\[[?\d;]*[a-zA-Z]/g, '').split('\r\n');
      expect(lines.length).to.be.at.most(24);
      for (const line of lines) expect(line.length, line).to.be.at.most(80);
    }
  });

  it('is printed once on a terminal without control codes, and in no colours', async () => {
    const io = new FakeIo({ cwd: folder, screen: true, terminal: true, env: { TERM: 'dumb' } });
    expect(await run(['status', '--database', url, '--lang', 'en'], io)).to.equal(0);
    expect(io.stdout.text).to.contain('running');
    expect(io.stdout.text + io.stderr.text).not.to.contain('\u001b');
  });

  it('ends when q is typed, and gives terminal and keyboard back', async () => {
    const io = new FakeIo({ cwd: folder, screen: true, keys: true });
    const ended = run(['status', '--database', url, '--interval', '0.2', '--lang', 'en'], io);
    await eventually('it is shown', () => io.stdout.text.includes('q or Ctrl-C ends'));
    io.stdin?.type('q');
    expect(await ended).to.equal(0);
    expect(io.stdout.text.endsWith(leave)).to.equal(true);
    expect(io.stdin?.modes).to.deep.equal([true, false]);
  });

  it('fits the terminal where it is printed once, and says what it leaves out', async () => {
    const narrow = new FakeIo({ cwd: folder, screen: true, env: { COLUMNS: '70' } });
    expect(await run(['status', '--once', '--database', url, '--lang', 'en'], narrow)).to.equal(0);
    for (const line of narrow.stdout.text.split('\n').slice(2)) expect(line.length, line).to.be.at.most(70);
    expect(narrow.stdout.text).to.contain('failed (chain_unreachable)');
    expect(narrow.stderr.text).to.match(/^not shown: .*last block.* \(--wide shows all\)$/m);
    const wide = new FakeIo({ cwd: folder, screen: true, env: { COLUMNS: '70' } });
    expect(await run(['status', '--once', '--wide', '--database', url, '--lang', 'en'], wide)).to.equal(0);
    expect(wide.stdout.text).to.contain('last block');
    expect(wide.stderr.text).not.to.contain('not shown');
  });

  it('refuses a database without tables as every command does', async () => {
    const { code } = await runIn(folder, 'status', '--database', `sqlite:${folder}/none.db`);
    expect(code).to.equal(5);
  });
});

eachServer('chainparse status on a database that goes away', (server) => {
  it('keeps what it has shown and says that it is old, goes on, and leaves the terminal at once when it is asked to', async () => {
    const direct = await createDatabase(server().url());
    await (await openMigrated(direct)).close();
    const { proxy, url } = await TcpProxy.before(direct);
    const io = new FakeIo({ cwd: temporaryFolder(), screen: true });
    const ended = run(['status', '--database', url, '--interval', '0.2', '--lang', 'en'], io);
    const frames = (): readonly string[] => io.stdout.text.split('\u001b[H');
    const shows = (text: string, from: number): Promise<boolean> =>
      eventually(`it shows ${text}`, () =>
        frames()
          .slice(from)
          .some((frame) => frame.includes(text)),
      );
    await shows('0 running', 1);
    proxy.cut();
    await shows('the database is away, this is old', 1);
    expect(frames().at(-1)).to.contain('0 running');
    const count = frames().length;
    proxy.resume();
    await shows('Ctrl-C ends', count);
    proxy.freeze();
    await eventually('it waits for an answer', () => proxy.connections > 0);
    io.signal('SIGINT');
    await eventually('the terminal is given back', () => io.stdout.text.endsWith(leave), 2_000);
    await proxy.close();
    expect(await ended).to.equal(0);
  });
});
