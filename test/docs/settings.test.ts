import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allSettings, rpcUrlSetting } from '../../src/settings/settings-table.js';
import { projectRoot } from '../support/processes.js';

interface DocumentedSetting {
  readonly key: string;
  readonly flag?: string;
  readonly variable: string;
  readonly default: string;
  readonly description: string;
}

/** The row that docs/cli.md has for a setting: what is to be copied there where it is missing. */
function rowOf(setting: DocumentedSetting): string {
  const code = (text: string): string => (text === '' ? '' : `\`${text}\``);
  const flag = (setting.flag ?? '').replace(/ <.*/, '');
  const what = setting.description.replace(/; \S+ where left out$/, '');
  return `| ${code(setting.key)} | ${code(flag)} | ${code(setting.variable)} | ${code(setting.default) || 'none'} | ${what} |`;
}

describe('docs/cli.md', () => {
  const text = readFileSync(join(projectRoot, 'docs/cli.md'), 'utf8');
  // Tables are padded by nobody, and an empty cell may be written with one blank.
  const rows = new Set(text.split('\n').map((line) => line.replace(/\| +\|/g, '|  |')));

  for (const setting of [...allSettings, rpcUrlSetting]) {
    it(`has the row of the setting ${setting.key}`, () => {
      expect([...rows]).to.include(rowOf(setting).replace(/\| +\|/g, '|  |'));
    });
  }

  it('names no setting that there is not', () => {
    const keys = new Set<string>([...allSettings, rpcUrlSetting].map(({ key }) => key));
    const named = [...rows].flatMap((row) => /^\| `([a-z_.]+)` \|.*\| `[A-Z_<>]+` \|/.exec(row)?.[1] ?? []);
    expect(named.filter((key) => !keys.has(key))).to.deep.equal([]);
    expect(named).to.have.length(keys.size);
  });
});
