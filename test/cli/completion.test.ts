import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { completionRows } from '../../src/cli/completion/completion-rows.js';
import { run } from '../../src/cli/main.js';
import { FakeIo } from './fake-io.js';

async function scriptFor(shell: string): Promise<string> {
  const io = new FakeIo();
  expect(await run(['completion', shell], io)).to.equal(0);
  return io.stdout.text;
}

function has(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

/** Completes the last of some words in bash and returns what is offered. */
function completeInBash(script: string, words: readonly string[]): readonly string[] {
  const list = ['chainparse', ...words].map((word) => `'${word}'`).join(' ');
  const ask = `COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _chainparse; printf '%s\\n' "\${COMPREPLY[@]}"`;
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
  ];
  for (const [words, offered] of cases) {
    it(`offers ${offered.join(' ') || 'files'} in bash for: ${words.join(' ')}`, async function () {
      if (!has('bash')) this.skip(); // only bash can tell what it would offer
      expect(completeInBash(await scriptFor('bash'), words)).to.have.members(offered);
    });
  }

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
});
