import { join } from 'node:path';
import { expect } from 'chai';
import { commandList } from '../../src/cli/command-list.js';
import { loadCommand } from '../../src/cli/command-line/command.js';
import { globalOptions, longFlag, optionsOf } from '../../src/cli/command-line/options.js';
import { run } from '../../src/cli/main.js';
import { allSettings, rpcUrlSetting } from '../../src/settings/settings-table.js';
import { Child } from '../support/child.js';
import { projectRoot } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { FakeIo } from './fake-io.js';

async function outcome(argv: readonly string[], io = new FakeIo()): Promise<readonly [number, string, string]> {
  const code = await run(argv, io);
  return [code, io.stdout.text, io.stderr.text];
}

describe('run', () => {
  it('prints help for --help and exits 0', async () => {
    const [code, stdout, stderr] = await outcome(['--help']);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout)
      .to.match(/^Usage: chainparse/)
      .and.to.match(/^ {2}completion {2,}print the completion script of a shell$/m)
      .and.to.contain('--log-dir <dir>');
  });

  it('prints the help of a command with the global options', async () => {
    for (const argv of [
      ['config', '--help'],
      ['help', 'config'],
    ]) {
      const [code, stdout] = await outcome(argv);
      expect(code).to.equal(0);
      expect(stdout).to.contain('Usage: chainparse config').and.to.contain('--database <url>');
    }
  });

  it('prints the help of a command below another', async () => {
    for (const argv of [
      ['tasks', 'list', '--help'],
      ['help', 'tasks', 'list'],
      ['tasks', 'help', 'list'],
      ['help', 'tasks', 'list', '--help'],
    ]) {
      const [code, stdout, stderr] = await outcome(argv);
      expect([code, stderr]).to.deep.equal([0, '']);
      expect(stdout)
        .to.match(/^Usage: chainparse tasks list/)
        .and.to.contain('--watch');
    }
    expect((await outcome(['help', 'tasks']))[1]).to.match(/^Usage: chainparse tasks \[options\] \[command\]/);
    for (const argv of [['help'], ['help', '--help'], ['help', '-h']]) {
      expect((await outcome(argv))[1]).to.match(/^Usage: chainparse \[options\] \[command\]/);
    }
  });

  it('says in one line that the folder it is in has gone, and exits 2', async () => {
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
    const args = ['-c', script, 'sh', process.execPath, join(projectRoot, 'bin/chainparse.js'), 'config', '--json'];
    const child = new Child('/bin/sh', args, { cwd: temporaryFolder() });
    expect(await child.exit()).to.deep.include({
      code: 2,
      stdout: '',
      stderr:
        '{"error":{"code":"USAGE","message":"the working folder is not there any more","hint":"cd to one that is: to its path, where another was put in its place"}}\n',
    });
  });

  it('prints help and exits 2 where no command is given', async () => {
    for (const argv of [[], ['pipeline']]) {
      const [code, stdout] = await outcome(argv);
      expect(code).to.equal(2);
      expect(stdout).to.match(/^Usage: chainparse/);
    }
  });

  it('says as JSON that no command is given', async () => {
    for (const argv of [['--json'], ['pipeline', '--json'], ['--json', 'sink', 'dead-letters']]) {
      const [code, stdout, stderr] = await outcome(argv);
      expect([code, stdout]).to.deep.equal([2, '']);
      const hint = 'add --help to see the commands';
      expect(JSON.parse(stderr)).to.deep.equal({ error: { code: 'USAGE', message: 'no command is given', hint } });
    }
  });

  it('prints the version', async () => {
    expect(await outcome(['--version'])).to.deep.equal([0, '0.1.0\n', '']);
  });

  it('prints help and version as one document of JSON where that is asked for', async () => {
    expect(await outcome(['--version', '--json'])).to.deep.equal([0, '{"version":"0.1.0"}\n', '']);
    expect(await outcome(['--json', '-V'])).to.deep.equal([0, '{"version":"0.1.0"}\n', '']);
    for (const argv of [
      ['--help'],
      ['help'],
      ['tasks', '--help'],
      ['tasks', 'list', '-h'],
      ['help', 'tasks', 'list'],
      ['tasks', 'help'],
    ]) {
      const [, help] = await outcome(argv);
      for (const json of [
        [...argv, '--json'],
        ['--json', ...argv],
      ]) {
        const [code, stdout, stderr] = await outcome(json);
        expect([code, JSON.parse(stdout), stderr]).to.deep.equal([0, { help }, '']);
      }
    }
  });

  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['confg'], "error: unknown command 'confg'\nhint: did you mean 'config'?\n"],
    [['zzzzzz'], "error: unknown command 'zzzzzz'\nhint: chainparse --help lists the commands\n"],
    [['config', '--jsn'], "error: unknown option '--jsn'\nhint: did you mean '--json'?\n"],
    [['pipeline', 'lits'], "error: unknown command 'lits'\nhint: did you mean 'list'?\n"],
    [['tasks', 'zzzzzz'], "error: unknown command 'zzzzzz'\nhint: chainparse tasks --help lists the commands\n"],
    [['help', 'zzzzzz'], "error: unknown command 'zzzzzz'\nhint: chainparse --help lists the commands\n"],
    [['help', 'taks', 'list'], "error: unknown command 'taks'\nhint: did you mean 'tasks'?\n"],
    [['help', 'tasks', 'lits'], "error: unknown command 'lits'\nhint: did you mean 'list'?\n"],
    [['pipeline', 'run', '45'], "error: unknown command 'run'\nhint: did you mean 'run-pipeline'?\n"],
    [['list-tasks'], "error: unknown command 'list-tasks'\nhint: did you mean 'tasks list'?\n"],
    [['cancel', '7'], "error: unknown command 'cancel'\nhint: did you mean 'tasks cancel'?\n"],
    [['tasks', 'stop', '7'], "error: unknown command 'stop'\nhint: did you mean 'tasks cancel'?\n"],
    [
      ['tasks', 'start', '45'],
      "error: unknown command 'start'\nhint: 'run-pipeline' runs a pipeline as a task in the fore",
    ],
    [['version'], "error: unknown command 'version'\nhint: chainparse --version prints the version\n"],
    [['constructor'], "error: unknown command 'constructor'\nhint: chainparse --help lists the commands\n"],
    [['completion'], 'error: which shell? bash, zsh or fish\n'],
    [['completion', 'csh'], "error: shell 'csh' is not one of bash, zsh, fish\n"],
    [['tasks', 'show', 'x'], "error: id 'x' is no whole number from 1 on\n"],
    [['pipeline', 'show', '0'], "error: id '0' is no whole number from 1 on\n"],
    [['pipeline', 'show', '9007199254740993'], "error: id '9007199254740993' is too large: 9007199254740991 at most\n"],
    [['pipeline', 'import', 'f', '--id', '-1'], "error: --id '-1' is no whole number from 1 on\n"],
    [['events', 'export', '--pipeline', '45', '-o', ''], 'error: --output is empty\nhint: write the path of a file\n'],
    [['run-pipeline', ''], "error: id is empty\nhint: write the pipeline's id or name\n"],
    [['tasks', 'list', '--pipeline', ' '], "error: --pipeline is empty\nhint: write the pipeline's id or name\n"],
    [['pipeline', 'import', ''], 'error: file is empty\nhint: write the path of a file\n'],
    [['pipeline', 'validate', ''], 'error: file is empty\nhint: write the path of a file\n'],
    [['abi', 'add', ''], 'error: file is empty\nhint: write the path of a file\n'],
    [
      ['status', '--interval', '0'],
      "error: --interval '0' must be greater than zero\nhint: write seconds, such as 2 or 0.5\n",
    ],
    [['monitor', '--interval', '0'], "error: check interval '0' (flag --interval) must be greater than zero\n"],
    [['config', '--lang', 'fr'], "error: language 'fr' (flag --lang) is not one of en, zh\nhint: write en or zh\n"],
    [['config', '--database'], "error: option '--database <url>' argument missing\n"],
    [['config', 'more'], 'error: too many arguments'],
  ];
  for (const [argv, printed] of wrong) {
    it(`refuses ${argv.join(' ')}`, async () => {
      const [code, stdout, stderr] = await outcome(argv);
      expect([code, stdout]).to.deep.equal([2, '']);
      expect(stderr.startsWith(printed), stderr).to.equal(true);
    });
  }

  it('tells every mistake of a command line and of the settings at once, a line each', async () => {
    const argv = ['tasks', 'list', '--limit', 'x', '--status', 'y', '--lang', 'fr'];
    const [code, stdout, stderr] = await outcome(argv);
    expect(stderr.match(/^error: .*/gm)).to.deep.equal([
      "error: --status 'y' is not one of running, succeeded, failed, queued, 0, 1, 2, 3",
      "error: --limit 'x' is no whole number from 1 on",
      "error: language 'fr' (flag --lang) is not one of en, zh",
    ]);
    expect([code, stdout]).to.deep.equal([2, '']);
    const [, , json] = await outcome([...argv, '--json']);
    const { error } = JSON.parse(json) as { error: { problems: object[] } };
    expect(error.problems[2]).to.deep.equal({
      message: "language 'fr' (flag --lang) is not one of en, zh",
      hint: 'write en or zh',
    });
  });

  it('prints an error as one JSON object where JSON is wanted', async () => {
    for (const argv of [
      ['--json', 'confg'],
      ['config', '--lang', 'fr', '--json'],
    ]) {
      const [code, , stderr] = await outcome(argv);
      expect(code).to.equal(2);
      const { error } = JSON.parse(stderr) as { error: Record<string, string> };
      expect(Object.keys(error)).to.deep.equal(['code', 'message', 'hint']);
      expect(error).to.include({ code: 'USAGE' });
    }
  });

  it('takes the global options before and behind the command', async () => {
    const before = await outcome(['--json', '--lang', 'zh', 'config']);
    expect(await outcome(['config', '--json', '--lang=zh'])).to.deep.equal(before);
    expect(before[1]).to.contain('{"setting":"lang","value":"zh","source":"flag --lang"}');
  });

  it('never prints a secret that a wrong command line holds', async () => {
    for (const argv of [
      ['config', '--databse=mysql://root:hidden@h/db'],
      ['mysql://root:hidden@h/db'],
      ['config', '--database', 'oracle://root:hidden@h/db', '--log-level', 'debug'],
    ]) {
      const [code, , stderr] = await outcome(argv);
      expect(code).to.equal(2);
      expect(stderr).not.to.contain('hidden');
    }
  });

  it('shows a default whole, in JSON and in the table, and what takes its place masked', async () => {
    const known = 'https://events.pagerduty.com/v2/enqueue';
    const rowOf = (stdout: string): string | undefined => /^.*pagerduty_url.*$/m.exec(stdout)?.[0];
    for (const json of [[], ['--json']]) {
      expect(rowOf((await outcome(['config', ...json]))[1])).to.contain(known);
      const env = { CHAINPARSE_ALERT_PAGERDUTY_URL: 'https://relay.example/hidden-path' };
      const row = rowOf((await outcome(['config', ...json], new FakeIo({ env })))[1]);
      expect(row).to.contain('https://relay.example/***').and.not.to.contain('hidden');
    }
  });

  it('warns of a variable that a slip keeps from setting anything, and goes on', async () => {
    const env = { CHAINPARSE_TASK_TIMOUT: '90' };
    const [code, , stderr] = await outcome(['config', '--json'], new FakeIo({ env }));
    expect(code).to.equal(0);
    expect(stderr)
      .to.match(/^{"level":"warn",.*"event":"settings\.variable_misspelt".*}\n$/)
      .and.to.contain(
        'environment CHAINPARSE_TASK_TIMOUT is no setting, and sets nothing: CHAINPARSE_TASK_TIMEOUT is one',
      );
  });

  it('shows with config what is wrong with RPC URLs that a variable holds, and goes on', async () => {
    const env = {
      SOLANA_RPC_URL: 'htp:/x',
      ETHEREUM_RPC_URL: 'https://rpc.example',
      BSC_RPC_URL: 'ws://a:1%@b,ws://a:1%@b',
    };
    const [code, stdout, stderr] = await outcome(['config', '--json'], new FakeIo({ env }));
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.be.an('object');
    const told = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const warning = { level: 'warn', event: 'settings.rpc_url_wrong' };
    expect(told.map(({ level, event }) => ({ level, event }))).to.deep.equal([warning, warning]);
    expect(stderr).to.contain('(environment BSC_RPC_URL) has a login that is not percent-encoded');
    expect(stderr).to.contain('(environment SOLANA_RPC_URL) is no URL of HTTP or a WebSocket');
  });

  it('prints a stack only at the debug level', async () => {
    const argv = ['config', '--lang', 'fr'];
    expect((await outcome(argv))[2]).not.to.contain(' at ');
    expect((await outcome([...argv, '--log-level', 'debug']))[2]).to.contain(' at ');
    expect((await outcome(argv, new FakeIo({ env: { LOG_LEVEL: 'debug' } })))[2]).to.contain(' at ');
  });

  it('ends quietly where nobody reads the output any more', async () => {
    const io = new FakeIo();
    io.stdout.failWith = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    expect(await outcome(['config'], io)).to.deep.equal([0, '', '']);
  });

  it('fails where the output can not be written', async () => {
    const io = new FakeIo();
    io.stdout.failWith = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    expect(await outcome(['config'], io)).to.deep.equal([
      1,
      '',
      "error: the output can't be written: ENOSPC: no space left\n",
    ]);
  });

  it('fails where not even help can be written', async () => {
    const io = new FakeIo();
    io.stdout.failWith = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    expect(await outcome(['--help'], io)).to.deep.equal([1, '', 'error: ENOSPC: no space left\n']);
    io.stdout.failWith = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    expect((await outcome(['--help'], io))[0]).to.equal(0);
  });

  it('reports an error that nobody caught like the others, and ends', async () => {
    const io = new FakeIo({ env: { CHAINPARSE_DATABASE_URL: 'mysql://u:hidden@h/db' } });
    io.stdout.write = (_text, done) => {
      expect(io.crash(new Error('hidden'))).to.equal(true);
      done?.();
      return true;
    };
    await run(['config'], io);
    expect(io.exits).to.deep.equal([1]);
    expect(io.stderr.text).to.equal('error: ***\n');
  });

  it('gives the signals back after a command', async () => {
    const io = new FakeIo();
    await run(['config'], io);
    expect(io.signal('SIGINT')).to.equal(false);
  });
});

describe('chainparse config', () => {
  it('prints every setting with its origin, secrets masked', async () => {
    const env = { CHAINPARSE_DATABASE_URL: 'mysql://u:hidden@h/db', ETH_RPC_URL: 'https://rpc.example/v3/hiddenKey1' };
    const [, table] = await outcome(['config'], new FakeIo({ env }));
    expect(table).to.match(/^SETTING +VALUE +FROM\n/);
    expect(table).to.match(/\ndatabase +mysql:\/\/u:\*\*\*@h\/db +environment CHAINPARSE_DATABASE_URL\n/);
    expect(table).to.match(/\nrpc_urls\.ethereum +https:\/\/rpc\.example\/\*\*\* +environment ETH_RPC_URL\n$/);
    expect(table).not.to.contain('hidden');
  });

  it('takes the flag of every setting, which beats the environment', async () => {
    const env = { CHAINPARSE_HEARTBEAT_INTERVAL: '11' };
    const flags = [
      '--heartbeat-interval',
      '12',
      '--interval',
      '60',
      '--older-clients',
      '--rpc-url',
      'http://h/hiddenKey1',
    ];
    const [code, stdout] = await outcome(['config', '--json', ...flags], new FakeIo({ env }));
    expect(code).to.equal(0);
    const { settings } = JSON.parse(stdout) as { settings: { setting: string; value: string; source: string }[] };
    const of = (name: string): unknown => settings.find(({ setting }) => setting === name);
    expect(of('heartbeat_interval')).to.include({ value: '12', source: 'flag --heartbeat-interval' });
    expect(of('check_interval')).to.include({ value: '60', source: 'flag --interval' });
    expect(of('api.older_clients')).to.include({ value: 'on', source: 'flag --older-clients' });
    expect(of('rpc_urls')).to.include({ value: 'http://h/***', source: 'flag --rpc-url' });
    const offered = optionsOf(await loadCommand(commandList.find(({ name }) => name === 'config')!)).map(longFlag);
    const wanted = [...allSettings, rpcUrlSetting].flatMap(({ flag }) =>
      flag === undefined ? [] : [longFlag({ flags: flag, description: '' })],
    );
    expect([...offered, ...globalOptions.map(longFlag)]).to.include.members(wanted);
  });

  it('heads its table in the language of the settings', async () => {
    expect((await outcome(['config', '--lang', 'zh']))[1]).to.match(/^设置 +值 +来源\n/);
  });

  it('draws a box on a terminal, in color only where that is wanted', async () => {
    const print = async (argv: string[], env = {}): Promise<string> => {
      const io = new FakeIo({ env });
      Object.assign(io.stdout, { isTTY: true });
      return (await outcome(argv, io))[1];
    };
    expect(await print(['config']))
      .to.contain('┌')
      .and.to.contain('\u001b[');
    expect(await print(['config', '--no-color']))
      .to.contain('┌')
      .and.not.to.contain('\u001b[');
    expect(await print(['config'], { NO_COLOR: '1' })).not.to.contain('\u001b[');
  });
});
