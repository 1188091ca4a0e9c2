import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { loadDefinition, parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { cases, failure, problemOf, problemsOf } from './definition-failures.js';
import { definitionOptions, monitorYaml } from './definition-texts.js';

const reader = pathToFileURL(join(import.meta.dirname, '../../../src/pipeline/definition/read-text-file.ts')).href;

describe('a file that is no definition', () => {
  const bomb =
    'a: &a [x,x,x,x,x,x,x,x,x]\n' +
    ['b', 'c', 'd', 'e', 'f', 'g', 'h']
      .map((key, i) => `${key}: &${key} [${`*${'abcdefg'[i]!},`.repeat(9)}]\n`)
      .join('');
  cases([
    ['an empty text', '', '1: the file is empty'],
    ['nothing but a comment', '# later\n', '1: the file is empty'],
    ['a list', '- a\n', '1: a definition must be a mapping of keys to values, not a list'],
    ['a word', 'hello', '1: a definition must be a mapping of keys to values, not "hello"'],
    ['broken YAML', 'name: x\n\tcomponents: []\n', /^p\.yaml:2: not valid YAML or JSON: /],
    ['broken JSON', '{"name": "x",\n "components": [}', /^p\.yaml:2: not valid YAML or JSON: /],
    ['several documents', 'name: x\n---\nname: y\n', '2: a second document begins; a file holds one pipeline'],
    ['a bomb of aliases', bomb, /^p\.yaml:\d: aliases stand for more than 100000 values$/],
    ['an alias inside of itself', 'name: &x [*x]\n', '1: alias *x stands inside of what it refers to'],
    ['an alias of nothing', 'name: *x\n', '1: alias *x has no anchor before it'],
    ['a tag', 'name: !secret x\n', /^p\.yaml:1: not valid YAML or JSON: .*!secret/],
    ['a key that is a list', '? [a]\n: 1\n', '1: a key must be a plain word'],
    ['brackets without end', `a: ${'['.repeat(100_000)}`, '1: nested more than 64 levels deep'],
    ['dashes without end', '- '.repeat(5000), '1: nested more than 64 levels deep'],
    ['keys of keys without end', '? '.repeat(5000), '1: nested more than 64 levels deep'],
    ['more words than anybody writes', `[${','.repeat(2_000_000)}`, '1: more than 400000 keys and values'],
    ['a number of too many digits', `id: ${'7'.repeat(1_001)}`, '1: a number has more than 1000 digits'],
  ]);

  it('is told in one line that it is a list', async () => {
    expect(await problemOf('- a\n')).to.equal('p.yaml:1: a definition must be a mapping of keys to values, not a list');
  });

  // In seconds of the processor; each took several times as long before, most of it for errors that nobody sees.
  const costly: readonly (readonly [what: string, text: string, seconds: number])[] = [
    ['errors', `[${','.repeat(1_000_000)}`, 4],
    ['documents', '---\na: 1\n'.repeat(90_000), 4],
    ['brackets', '['.repeat(1_000_000), 1],
  ];
  for (const [what, text, seconds] of costly) {
    it(`stops at the first of very many ${what}`, async () => {
      const startedAt = process.cpuUsage();
      await failure(parseDefinition(text, 'p.yaml', definitionOptions));
      expect(process.cpuUsage(startedAt).user / 1e6).to.be.below(seconds);
    });
  }

  it('follows a hundred thousand aliases in a moment', async () => {
    const text = `a: &a 1\nl:\n${'- *a\n'.repeat(99_000)}`;
    const startedAt = process.cpuUsage();
    expect((await problemsOf(text))[0]).to.match(/^p\.yaml:1: a: unknown key/);
    expect(process.cpuUsage(startedAt).user / 1e6).to.be.below(10);
  });

  it('is read no further than its limit where it has no size', async () => {
    const work = loadDefinition('/dev/zero', { ...definitionOptions, name: 'p.yaml' });
    expect((await failure(work)).message).to.equal('p.yaml is larger than 32 MiB');
  });

  it('is read from a named pipe once somebody writes into it, and keeps no process alive until then', async () => {
    const pipe = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reading = loadDefinition(pipe, definitionOptions);
    await setTimeout(100);
    await writeFile(pipe, monitorYaml());
    expect(await reading).to.have.property('name', 'x');
    const program = `import(${JSON.stringify(reader)}).then((m) => m.readTextFile(${JSON.stringify(pipe)})); setTimeout(() => process.exit(7), 300);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', program], { stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).to.equal(7);
  });

  it('is told from a missing one, a folder, a binary one and one in another encoding', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'p.yaml');
    const problem = async (path: string): Promise<string> =>
      (await failure(loadDefinition(path, { ...definitionOptions, name: 'p.yaml' }))).message;
    expect(await problem(file)).to.equal('there is no file p.yaml');
    expect(await problem(join(folder, 'p.yaml', 'deeper'))).to.equal('there is no file p.yaml');
    expect(await problem(folder)).to.equal('p.yaml is a folder, not a file');
    writeFileSync(file, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]));
    expect(await problem(file)).to.equal('p.yaml is a binary file, not text');
    writeFileSync(file, Buffer.from('name: é', 'latin1'));
    expect(await problem(file)).to.equal('p.yaml is not text in UTF-8');
  });
});

describe('an ABI file that is none', () => {
  it('is told with the line that names it', async () => {
    const folder = temporaryFolder();
    const problem = async (text: string): Promise<string> => {
      writeFileSync(join(folder, 'a.json'), text);
      const path = join(folder, 'p.yaml');
      return (
        await failure(
          parseDefinition(monitorYaml().replace('builtin:erc20', 'a.json'), path, {
            ...definitionOptions,
            name: 'p.yaml',
          }),
        )
      ).message;
    };
    expect(await problem('{nope')).to.match(/^p\.yaml:6: abi_path: a\.json is not JSON: /);
    expect(await problem('[{"type":"function","name":"f"}]')).to.equal(
      'p.yaml:6: abi_path: a.json: the ABI has no event',
    );
    expect(await problem('3')).to.equal('p.yaml:6: abi_path: a.json: not an ABI');
  });
});

describe('an alias', () => {
  it('stands for the last node before it that has its anchor', async () => {
    const text = `classification_id: &n 1\nid: &n 2\n${monitorYaml('start_block: *n', 'end_block: &n 3')}`;
    const { components } = await parseDefinition(text, 'p.yaml', definitionOptions);
    expect(JSON.stringify(components)).to.contain('"startBlock":2,"endBlock":3');
  });
});
