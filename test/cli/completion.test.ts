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

/** The script of bash, in a folder where `chainparse` is this program. */
async function scriptIn(folder: string): Promise<string> {
  const program = `'${process.execPath}' '${projectRoot}/bin/chainparse.js'`;
  return `chainparse() { ${program} "$@"; }\ncd '${folder}'\n${await scriptFor('bash')}`;
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
