import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { commandList } from '../../src/cli/command-list.js';
import { loadAll } from '../../src/cli/command-line/command.js';
import { globalOptions, longFlag, optionsOf } from '../../src/cli/command-line/options.js';
import type { CommandOutline } from '../../src/cli/context/command-outline.js';
import { textsIn } from '../../src/texts/texts.js';
import { projectRoot } from '../support/processes.js';

const page = readFileSync(join(projectRoot, 'docs/cli.md'), 'utf8');

/** What the page says of a command and of those below it: the rows of its name in the table of commands, and its sections. */
function textOf(name: string): string {
  const rows = page.split('\n').filter((line) => new RegExp(`^\\| \`${name}[ \`]`).test(line));
  const sections = page.split(/^(?=###? )/m).filter((section) => new RegExp(`^### ${name}[ \n]`).test(section));
  return [...rows, ...sections].join('\n');
}

const flagsIn = (text: string): readonly string[] => text.match(/(?<![\w-])--[a-z]+(?:-[a-z]+)*/g) ?? [];

/** The flags of a command, and of those below it. */
function flagsOf(command: CommandOutline): readonly string[] {
  return [...optionsOf(command).map(longFlag), ...command.commands.flatMap(flagsOf)];
}

describe('what docs/cli.md says of a command', () => {
  let commands: readonly CommandOutline[];

  before(async () => (commands = await loadAll(commandList)));

  // Of `config` it says that it takes every setting's flag: those are in the table of settings.
  for (const name of commandList.map((command) => command.name).filter((each) => each !== 'config')) {
    it(`names every option of ${name}`, () => {
      const named = flagsIn(textOf(name));
      const lacking = commands.filter((command) => command.name === name).flatMap(flagsOf);
      expect(lacking.filter((flag) => !named.includes(flag))).to.deep.equal([]);
    });
  }

  it('names in the tables of its options none that it does not take', () => {
    const tables = commands.flatMap((command) => {
      const rows = textOf(command.name)
        .split('\n')
        .flatMap((line) => /^\| (`--[^|]*)\|/.exec(line)?.[1] ?? []);
      const taken = [...globalOptions.map(longFlag), ...flagsOf(command)];
      return flagsIn(rows.join('\n')).map((flag) => ({
        flag: `${command.name} ${flag}`,
        isTaken: taken.includes(flag),
      }));
    });
    expect(tables).to.have.length.above(20);
    expect(tables.filter(({ isTaken }) => !isTaken)).to.deep.equal([]);
  });

  it('names every state that a pipeline of status has in JSON', () => {
    const [json = ''] = textOf('status')
      .split(/^(?=- `--json`)/m)
      .slice(1);
    const states = Object.keys(textsIn('en').system.pipeline);
    expect(states.filter((state) => !json.includes(`\`${state}\``))).to.deep.equal([]);
  });
});
