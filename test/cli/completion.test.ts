import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { completionRows } from '../../src/cli/completion/completion-rows.js';
import { run } from '../../src/cli/main.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { queueTask } from '../../src/database/task-steps/queue-task.js';
import { projectRoot } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { FakeIo } from './fake-io.js';
import { runIn } from './run-in.js';

const definition = (name: string): string => `
name: ${name}
components:
  - {name: transfers, type: event_monitor, chain_name: ethereum, contract_address: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", abi_path: "builtin:erc20", mode: realtime}
  - {name: rows, type: table_sink, table: usdc}
`;

/** A folder whose database holds a pipeline and a task of it. */
async function exampleDatabase(name = 'usdc-transfers') {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'p.yaml'), definition(name));
  const url = `sqlite:${join(folder, 'chainparse.db')}`;
  expect((await runIn(folder, 'migrate', '--database', url)).code).to.equal(0);
  const pipelineId = Number((await runIn(folder, 'pipeline', 'import', 'p.yaml', '--database', url)).stdout);
  const database = await openDatabase(url);
  const { taskId } = await queueTask(database, pipelineId, {});
  await database.close();
  return { folder, url, pipelineId, taskId };
}

async function scriptFor(shell: string): Promise<string> {
  const io = new FakeIo();
  expect(await run(['completion', shell], io)).to.equal(0);
  return io.stdout.text;
}

const program = `'${process.execPath}' '${projectRoot}/bin/chainparse.js'`;

/** What makes `chainparse` this program in bash and zsh, in a folder. */
function beginIn(folder: string): string {
  return `chainparse() { ${program} "$@"; }\ncd '${folder}'\n`;
}

/** The script of bash, in a folder where `chainparse` is this program. */
async function scriptIn(folder: string): Promise<string> {
  return `${beginIn(folder)}${await scriptFor('bash')}`;
}

/** Completes the last of some words in zsh, which finds the script in a folder of fpath, and returns what is offered. */
async function completeInZsh(folder: string, words: readonly string[]): Promise<readonly string[]> {
  const functions = temporaryFolder();
  writeFileSync(join(functions, '_chainparse'), await scriptFor('zsh'));
  const quoted = ['chainparse', ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  // Offers are made to the editor of a terminal, which is not there.
  const offers = 'compadd() { shift; print -rl -- "$@"; }\ncompset() { true; }\n_files() { true; }\n';
  const ask = `fpath=('${functions}'); autoload -Uz _chainparse; words=(${quoted.join(' ')}); CURRENT=$#words; _chainparse`;
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', beginIn(folder) + offers + ask], { encoding: 'utf8' });
  expect(stderr).to.equal('');
  return stdout.split('\n').filter((word) => word !== '');
}

/** Completes a line in fish and returns what is offered. */
async function completeInFish(folder: string, line: string): Promise<readonly string[]> {
  const begin = `function chainparse; ${program} $argv; end\ncd '${folder}'\n${await scriptFor('fish')}`;
  const ask = `complete -C "${line}"`;
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder };
  const { stdout, stderr } = spawnSync('fish', ['-c', `${begin}\n${ask}`], { encoding: 'utf8', env });
  expect(stderr).to.equal('');
  return stdout.split('\n').flatMap((row) =>
    row
      .split('\t')
      .slice(0, 1)
      .filter((word) => word !== ''),
  );
}

function has(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

/** Completes the last of some words in bash and returns what is offered. */
function completeInBash(script: string, words: readonly string[]): readonly string[] {
  const line = ['chainparse', ...words].join(' ');
  // As bash itself splits a line: at each mark that may stand before a name.
  const parts = ['chainparse', ...words].flatMap((word) => word.match(/[:=@]+|[^:=@]+|^$/g) ?? []);
  const list = parts.map((part) => `'${part}'`).join(' ');
  const state = `COMP_LINE='${line}'; COMP_POINT=${line.length}; COMP_WORDS=(${list}); COMP_CWORD=${parts.length - 1}`;
  const ask = `${state}; _chainparse; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${script}\n${ask}`], { encoding: 'utf8' });
  expect(stderr).to.equal('');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('chainparse completion', () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [['conf'], ['config']],
    [
      ['pipeline', 'e'],
      ['export', 'enable'],
    ],
    [['--json', 'pipeline', 'imp'], ['import']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['config', '--lang', ''],
      ['en', 'zh'],
    ],
    [['pipeline', 'import', '--up'], ['--update']],
    [
      ['config', '--log-'],
      ['--log-level', '--log-format', '--log-dir'],
    ],
    [['config', '--database', ''], []],
    [
      ['--database', 'sqlite:chainparse.db', 'pipeline', 'e'],
      ['export', 'enable'],
    ],
    [['--database=mysql://me:p@h/db?ssl=on', 'pipeline', 'imp'], ['import']],
    [['tasks', 'list', '--status=ru'], ['running']],
    [
      ['config', '--lang='],
      ['en', 'zh'],
    ],
    [['--json=pip'], []],
  ];
  for (const [words, offered] of cases) {
    it(`offers ${offered.join(' ') || 'files'} in bash for: ${words.join(' ')}`, async function () {
      if (!has('bash')) this.skip(); // only bash can tell what it would offer
      expect(completeInBash(await scriptFor('bash'), words)).to.have.members(offered);
    });
  }

  it('offers what the database has: pipelines, tasks and the sinks of the pipeline that was named', async function () {
    this.timeout(60_000);
    if (!has('bash')) this.skip(); // only bash can tell what it would offer
    const { folder, pipelineId, taskId } = await exampleDatabase();
    const script = await scriptIn(folder);
    const offered = (...words: string[]): readonly string[] => completeInBash(script, words);
    expect(offered('run-pipeline', '')).to.have.members(['usdc-transfers', String(pipelineId)]);
    expect(offered('--json', 'tasks', 'list', '--pipeline', 'us')).to.deep.equal(['usdc-transfers']);
    expect(offered('--database', 'sqlite:chainparse.db', 'pipeline', 'show', 'u')).to.deep.equal(['usdc-transfers']);
    expect(offered('tasks', 'list', '--pipeline=us')).to.deep.equal(['usdc-transfers']);
    expect(offered('tasks', 'show', '')).to.deep.equal([String(taskId)]);
    expect(offered('sink', 'pause', '--lang', 'en', 'usdc-transfers', '')).to.deep.equal(['rows']);
    expect(offered('sink', 'pause', 'usdc-transfers', 'rows', '')).to.deep.equal([]);
  });

  it('offers what the database has that the line names, as the command will look there', async function () {
    this.timeout(120_000);
    const { folder } = await exampleDatabase();
    const other = await exampleDatabase('other');
    const ids = ['other', String(other.pipelineId)];
    const named = [
      ['--database', other.url],
      ['--database', `'${other.url}'`],
      [`--database=${other.url}`],
      ['--lang', 'en', `--database="${other.url}"`],
    ];
    if (has('bash')) {
      const script = await scriptIn(folder);
      expect(completeInBash(script, [...(named[0] ?? []), 'run-pipeline', ''])).to.have.members(ids);
      expect(completeInBash(script, [...(named[2] ?? []), 'run-pipeline', ''])).to.have.members(ids);
      expect(completeInBash(script, ['tasks', 'list', ...(named[0] ?? []), '--pipeline', ''])).to.have.members(ids);
    }
    for (const words of named) {
      if (has('zsh')) expect(await completeInZsh(folder, [...words, 'run-pipeline', ''])).to.have.members(ids);
      const line = `chainparse ${words.join(' ').replaceAll('"', '')} run-pipeline `;
      if (has('fish')) expect(await completeInFish(folder, line)).to.have.members(ids);
    }
  });

  it('offers at the first press of a key in zsh that finds the script in fpath', async function () {
    if (!has('zsh')) this.skip(); // only zsh can tell what it would offer
    expect(await completeInZsh(temporaryFolder(), ['sink', 'pa'])).to.include('pause');
  });

  it('offers of a name with a colon what bash has yet to write', async function () {
    if (!has('bash')) this.skip(); // only bash can tell what it would offer
    const { folder } = await exampleDatabase('usdc:transfers');
    const script = await scriptIn(folder);
    expect(completeInBash(script, ['pipeline', 'show', 'us'])).to.deep.equal(['usdc:transfers']);
    for (const word of ['usdc:', 'usdc:tr'])
      expect(completeInBash(script, ['pipeline', 'show', word])).to.deep.equal(['transfers']);
  });

  it('offers no name that a shell would take for more than a word', async () => {
    const { folder, url } = await exampleDatabase('pay $(id)');
    expect((await runIn(folder, 'completion', '--values', 'pipeline', '--database', url)).stdout).to.match(/^\d+\n$/);
  });

  it('asks which shell where none is named', async () => {
    const { code, stderr } = await runIn(temporaryFolder(), 'completion');
    expect(code).to.equal(2);
    expect(stderr).to.contain('bash, zsh or fish');
  });

  it('prints scripts that zsh and fish can read', async () => {
    for (const shell of ['zsh', 'fish']) {
      const script = await scriptFor(shell);
      expect(script).to.contain('pipeline').and.to.contain('--lang'.slice(2));
      if (has(shell)) expect(spawnSync(shell, ['-n'], { input: script }).status).to.equal(0);
    }
  });

  it('knows every subcommand', () => {
    const rows = completionRows([{ name: 'a', summary: 'A', commands: [{ name: 'b', summary: "B's", commands: [] }] }]);
    expect(rows.map(({ path }) => path)).to.deep.equal(['', ' a', ' a b']);
  });

  it('prints the script, and what the database has, as JSON', async () => {
    const { folder, url, pipelineId } = await exampleDatabase();
    const io = new FakeIo();
    expect(await run(['completion', 'fish', '--json'], io)).to.equal(0);
    expect(JSON.parse(io.stdout.text)).to.deep.equal({ shell: 'fish', script: await scriptFor('fish') });
    const { stdout } = await runIn(folder, 'completion', '--values', 'pipeline', '--json', '--database', url);
    expect(JSON.parse(stdout)).to.deep.equal({ kind: 'pipeline', values: ['usdc-transfers', String(pipelineId)] });
  });
});
