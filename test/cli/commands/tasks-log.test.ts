import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../../../src/cli/main.js';
import type { Database } from '../../../src/database/database.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { openMigrated } from '../../support/migrated-database.js';
import { storeLogs } from '../../support/stored-logs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually, within } from '../../support/within.js';
import { FakeIo } from '../fake-io.js';
import { runIn, type CommandResult } from '../run-in.js';

describe('tasks log', () => {
  let folder: string;
  let url: string;
  let log: string;
  let database: Database;
  let id: number;
  const line = (msg: string): string =>
    `${JSON.stringify({ level: 'info', time: '2024-01-15T10:05:30.123Z', event: 'x', msg })}\n`;
  const printLog = (...argv: readonly string[]): Promise<CommandResult> =>
    runIn(folder, 'tasks', 'log', String(id), ...argv, '--database', url);
  const followLog = (io: FakeIo): Promise<number> =>
    run(['tasks', 'log', String(id), '--follow', '--json', '--database', url], io);

  beforeEach(async () => {
    folder = temporaryFolder();
    url = `sqlite:${join(folder, 'test.db')}`;
    database = await openMigrated(url);
    id = await storeLogs(database, 45, {});
    mkdirSync(join(folder, 'logs'));
    log = join(folder, 'logs', `pipeline_${id}.log`);
    writeFileSync(log, line('one') + line('two') + line('three'));
  });
  afterEach(() => database.close());

  it('prints time, level and message of each line; what is no JSON as it is', async () => {
    appendFileSync(log, 'an older program\n{"msg":"no time"}\n{"half a line": \n{"msg":7}\n\u001b[31mred');
    const { stdout, code } = await printLog();
    const lines = stdout.split('\n');
    expect(code).to.equal(0);
    expect(lines.slice(0, 3)).to.satisfy((texts: string[]) =>
      texts.every((text) => /^2024-01-1\d \d\d:\d\d:30 info {2}(one|two|three)$/.test(text)),
    );
    expect(lines.slice(3)).to.deep.equal([
      'an older program',
      'no time',
      '{"half a line": ',
      '{"msg":7}',
      '\ufffd[31mred',
      '',
    ]);
  });

  it('prints the lines themselves with --json, and only the last ones where asked', async () => {
    expect((await printLog('--json')).stdout).to.equal(line('one') + line('two') + line('three'));
    expect((await printLog('--json', '--lines', '2')).stdout).to.equal(line('two') + line('three'));
    expect((await printLog('--json', '-n', '0')).stdout).to.equal('');
  });

  for (const options of [[], ['--follow']]) {
    it(`ends at once when it is told to, though nobody reads on (${['tasks log', ...options].join(' ')})`, async () => {
      const io = new FakeIo({ cwd: folder });
      let writes = 0;
      io.stdout.write = () => ++writes < 0;
      const ended = run(['tasks', 'log', String(id), ...options, '--database', url], io);
      await eventually('it writes', () => writes > 0);
      io.signal('SIGTERM');
      expect(await within(2_000, ended, () => 'it does not end')).to.equal(options.length === 0 ? 143 : 0);
      expect(io.exits).to.deep.equal([]);
    });
  }

  it('makes an object of what is none, with --json', async () => {
    writeFileSync(log, `an older program\n${'x'.repeat(300_000)}\n`);
    const [first, second] = (await printLog('--json')).stdout.trimEnd().split('\n');
    expect(JSON.parse(first!)).to.deep.equal({ msg: 'an older program' });
    expect((JSON.parse(second!) as { msg: string }).msg).to.match(/^x+… \[cut: 300000 bytes\]$/);
  });

  it('prints no file out of the log folder, and none through a link, and says why', async () => {
    const secret = join(folder, 'secret.txt');
    writeFileSync(secret, 'a secret\n');
    symlinkSync(secret, join(folder, 'logs', 'link.log'));
    symlinkSync(folder, join(folder, 'logs', 'up'));
    const printFrom = async (path: string): Promise<string> => {
      await database.write([database.knex('pipeline_task').where({ id }).update({ log_path: path })]);
      const { code, stdout, stderr } = await printLog();
      expect({ code, stdout }, path).to.deep.equal({ code: 1, stdout: '' });
      return stderr;
    };
    for (const path of ['/etc/passwd', 'secret.txt', 'logs/../secret.txt', 'logs/up/secret.txt', '../../x/../y']) {
      expect(await printFrom(path), path).to.match(/is outside of the log folder .*logs: |is not there/);
    }
    expect(await printFrom('/etc/passwd')).to.equal(
      `error: the log of task ${id} is outside of the log folder ${join(folder, 'logs')}: /etc/passwd\n` +
        "hint: where that is the task's own folder, name it: --log-dir /etc\n",
    );
    expect(await printFrom('logs/link.log')).to.contain('is a link, or no file at all');
    expect(await printFrom('logs/\0')).to.contain('is not there');
  });

  it('says where it looked for a log that is not there', async () => {
    rmSync(log);
    const { code, stderr } = await printLog();
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      `error: the log of task ${id} is not there: ${log}\n` +
        'hint: look in the folder in which the task was started, on host-1:4711\n',
    );
    await database.write([database.knex('pipeline_task').where({ id }).update({ log_path: null })]);
    expect((await printLog()).stderr).to.match(/^error: task \d+ has no log\n/);
  });

  it('follows a log until the task has ended, its last lines included', async () => {
    const io = new FakeIo({ cwd: folder });
    const ended = followLog(io);
    await eventually('the lines so far', () => io.stdout.text.includes('three'));
    appendFileSync(log, line('four'));
    await eventually('the fourth line', () => io.stdout.text.includes('four'));
    await new TaskStore(database).cancel(id);
    appendFileSync(log, line('last'));
    expect(await ended).to.equal(0);
    expect(io.stdout.text.endsWith(line('four') + line('last'))).to.equal(true);
  });

  it('follows a task that waits once it has begun, and until then waits for it', async () => {
    const set = (row: object): Promise<unknown> =>
      database.write([database.knex('pipeline_task').where({ id }).update(row)]);
    await set({ status: 3, log_path: null });
    expect(await printLog()).to.include({ code: 1 });
    const io = new FakeIo({ cwd: folder });
    const follow = (of: FakeIo): Promise<number> =>
      run(['tasks', 'log', String(id), '--follow', '--database', url], of);
    const ended = follow(io);
    await eventually('it says so', () => io.stderr.text.includes(`task ${id} waits for a worker`));
    await set({ status: 0, log_path: `logs/pipeline_${id}.log` });
    await eventually('the lines', () => io.stdout.text.includes('three'));
    await new TaskStore(database).cancel(id);
    expect(await ended).to.equal(0);
    await set({ status: 3, log_path: null });
    const waiting = new FakeIo({ cwd: folder });
    const stopped = follow(waiting);
    await eventually('it waits', () => waiting.stderr.text.includes('waits for a worker'));
    waiting.signal('SIGINT');
    expect(await stopped).to.equal(0);
  });

  it('follows until Ctrl-C, and not at all where the task has ended already', async () => {
    const io = new FakeIo({ cwd: folder });
    const ended = followLog(io);
    await eventually('the lines so far', () => io.stdout.text.includes('three'));
    io.signal('SIGINT');
    expect(await ended).to.equal(0);
    await new TaskStore(database).cancel(id);
    const { code, stdout } = await printLog('--follow', '--json', '-n', '1');
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: line('three') });
  });
});
