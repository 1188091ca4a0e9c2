import { expect } from 'chai';
import { execute } from '../../support/execute-sql.js';
import { run } from '../../../src/cli/main.js';
import type { Database } from '../../../src/database/database.js';
import { TestPipelineStore } from '../../../src/database/pipelines/test-pipeline-store.js';
import { insertSilentTask } from '../../database/insert-silent-task.js';
import { createDatabase, eachDatabaseInTurn, eachServer } from '../../support/databases.js';
import { freePort } from '../../support/free-port.js';
import { openMigrated } from '../../support/migrated-database.js';
import { startChainparse } from '../../support/processes.js';
import { storeLogs } from '../../support/stored-logs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/within.js';
import { FakeIo } from '../fake-io.js';
import { runIn, type CommandResult } from '../run-in.js';

interface Document {
  readonly ok: boolean;
  readonly steps: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly detail: string;
    readonly ms: number;
  }[];
  readonly latency_ms: { readonly p50: number; readonly p99: number };
  readonly clock_skew_seconds: number;
  readonly index: string;
}

function test(url: string, ...options: readonly string[]): Promise<CommandResult> {
  return runIn(temporaryFolder(), 'heartbeat', 'test', '--lang', 'en', '--database', url, ...options);
}

const tables = [
  ...['pipeline', 'pipeline_component', 'pipeline_task', 'pipeline_checkpoint'],
  ...['event', 'undecoded_log', 'recent_block'],
];

eachDatabaseInTurn('heartbeat test', (testDatabase) => {
  let database: Database;
  const everything = (): Promise<unknown[][]> =>
    Promise.all(tables.map((table) => database.read<unknown[]>((knex) => knex(table).select('*').orderBy(1))));
  const own = (): ReturnType<TestPipelineStore['list']> => new TestPipelineStore(database).list();

  before(async () => {
    database = await openMigrated(await testDatabase.fresh());
    // What belongs to others: a checkpoint with events, and a task that has been silent for longer than any timeout.
    await storeLogs(database, 45, {});
    await insertSilentTask(database, 1_000_000);
  });
  after(() => database.close());

  it('proves every claim, two at once, and leaves every row as it was', async () => {
    const before = await everything();
    const [json, told] = await Promise.all([test(testDatabase.url(), '--json'), test(testDatabase.url())]);
    expect([json.code, json.stderr]).to.deep.equal([0, '']);
    const { steps, ...document } = JSON.parse(json.stdout) as Document;
    expect(document.ok).to.equal(true);
    expect(document.index).to.match(/^idx_pipeline_task_/);
    expect(document.clock_skew_seconds).to.be.within(-1, 1);
    expect(document.latency_ms.p50).to.be.within(0.001, document.latency_ms.p99);
    expect(steps.every(({ ok, detail, ms }) => ok && detail !== '' && Number.isInteger(ms))).to.equal(true);
    expect(steps.map(({ name }) => name)).to.deep.equal([
      'own_rows',
      'starts_null',
      'beat_lands',
      'beat_grows',
      'finished_refused',
      'missing_refused',
      'taken_over_refused',
      'stale_commit_refused',
      'clock_skew',
      'beat_latency',
      'silent_by_heartbeat',
      'silent_by_creation',
      'beating_survives',
      'two_monitors_once',
      'index_used',
      'nothing_left',
    ]);
    expect(told.code, told.stderr).to.equal(0);
    const lines = told.stdout.trimEnd().split('\n');
    expect(lines).to.have.length(17);
    expect(lines.slice(0, 16).every((line) => /^ok {5}\S.*: .+ \(\d+ ms\)$/.test(line))).to.equal(true);
    expect(lines[16]).to.equal('all 16 steps hold');
    expect(await everything()).to.deep.equal(before);
  });

  it('is not disturbed by a strict monitor that is at work', async () => {
    await database.write([database.knex('pipeline_task').where({ pipeline_id: 45 }).delete()]);
    const strict = ['--timeout', '0.05', '--heartbeat-interval', '1', '--interval', '1'];
    const env = { CHAINPARSE_DATABASE_URL: testDatabase.url() };
    const monitor = startChainparse(['monitor', ...strict, '--lang', 'en', '--log-level', 'debug'], { env });
    await monitor.output(/timeout check/);
    const { code, stdout } = await test(testDatabase.url());
    expect(code, stdout).to.equal(0);
    await monitor.kill();
  });

  it('ends at Ctrl-C, and leaves nothing behind then either', async () => {
    const io = new FakeIo({ cwd: temporaryFolder() });
    const ended = run(['heartbeat', 'test', '--lang', 'en', '--database', testDatabase.url()], io);
    await eventually('some steps are done', () => io.stdout.text.includes('later'));
    expect(await own()).to.have.length(4);
    io.signal('SIGINT');
    expect(await ended).to.equal(130);
    expect(io.stdout.text).not.to.contain('all');
    expect(await own()).to.deep.equal([]);
    expect((await everything())[2]).to.deep.equal([]);
  });

  it('removes what one that was killed has left', async () => {
    const env = { CHAINPARSE_DATABASE_URL: testDatabase.url() };
    const killed = startChainparse(['heartbeat', 'test', '--lang', 'en'], { env });
    await killed.output(/commit/);
    await killed.kill();
    expect(await own()).to.have.length(4);
    const { code, stdout } = await test(testDatabase.url());
    expect(code, stdout).to.equal(0);
    expect(stdout).to.contain('removed 4 of an earlier test that was killed');
    expect(await own()).to.deep.equal([]);
    expect((await everything())[2]).to.deep.equal([]);
  });

  it('fails, and says what to do, where the index is gone', async () => {
    const on = ['sqlite', 'postgres'].includes(testDatabase.dialect) ? '' : ' ON pipeline_task';
    await database.knex.raw(`DROP INDEX idx_pipeline_task_heartbeat${on}`);
    const { code, stdout, stderr } = await test(testDatabase.url());
    expect(code).to.equal(1);
    expect(stdout).to.match(/\nFAILED the monitor's check uses an index: there is no index .*\n +hint: CREATE INDEX /);
    expect(stderr).to.match(/^error: 1 of 16 steps failed, index_used first: .*\nhint: CREATE INDEX /);
    expect(await own()).to.deep.equal([]);
    const json = await test(testDatabase.url(), '--json');
    expect(json.code).to.equal(1);
    expect(JSON.parse(json.stdout)).to.include({ ok: false, index: null });
    expect(JSON.parse(json.stderr)).to.have.nested.property('error.code', 'HEARTBEAT_TEST_FAILED');
  });

  it('answers 5 where migrations are pending', async () => {
    await database.write([database.knex('chainparse_migration').where('name', 'like', '0003%').delete()]);
    const { code, stdout, stderr } = await test(testDatabase.url());
    expect([code, stdout]).to.deep.equal([5, '']);
    expect(stderr).to.contain('hint: chainparse migrate');
  });
});

describe('heartbeat test without a database', () => {
  it('answers 5 where there is none, or nothing answers', async () => {
    expect(await test('sqlite:none.db')).to.include({ code: 5, stdout: '' });
    const { code, stderr } = await test(`mysql://root@127.0.0.1:${await freePort()}/none`, '--json');
    expect(code).to.equal(5);
    expect(JSON.parse(stderr)).to.have.nested.property('error.code', 'DATABASE_UNREACHABLE');
  });
});

eachServer('heartbeat test of a user without rights', (server, { name }) => {
  it('says which right is missing, and what to grant', async () => {
    const url = new URL(await createDatabase(server().url()));
    await (await openMigrated(url.href)).close();
    const statements =
      name === 'postgres'
        ? ["CREATE USER looker PASSWORD 'right99'", 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker']
        : [
            "CREATE USER 'looker'@'%' IDENTIFIED BY 'right99'",
            `GRANT SELECT ON ${url.pathname.slice(1)}.* TO 'looker'@'%'`,
          ];
    for (const sql of statements) await execute(url.href, sql);
    Object.assign(url, { username: 'looker', password: 'right99' });
    const { code, stdout } = await test(url.href, '--json');
    expect(code).to.equal(1);
    const [first] = (JSON.parse(stdout) as { steps: { detail: string; hint: string }[] }).steps;
    expect(first?.detail).to.match(/INSERT command denied to user 'looker'|permission denied for table pipeline/);
    expect(first?.hint).to.match(/^GRANT SELECT, INSERT, UPDATE, DELETE/);
  });
});
