import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../support/processes.js';

const pages = [
  'README.md',
  'README.zh-CN.md',
  'CHANGELOG.md',
  ...readdirSync(join(projectRoot, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** The lines of a page that stand in no block of code, each with its number; a block that is not closed reaches to the page's end. */
function proseOf(lines: readonly string[]): { readonly prose: readonly number[]; readonly isClosed: boolean } {
  let isCode = false;
  const prose = lines.flatMap((line, index) => {
    if (/^ *```/.test(line)) isCode = !isCode;
    return isCode ? [] : [index];
  });
  return { prose, isClosed: !isCode };
}

describe('a page of the documentation', () => {
  for (const page of pages) {
    it(`${page}: its blocks of code are closed, and headings and tables begin behind an empty line`, () => {
      const lines = readFileSync(join(projectRoot, page), 'utf8').split('\n');
      const { prose, isClosed } = proseOf(lines);
      const glued = prose.filter((index) => {
        const [before, line] = [lines[index - 1] ?? '', lines[index]!];
        const isTable = line.startsWith('|');
        return /^#|^\|/.test(line) && before !== '' && !(isTable && before.startsWith('|'));
      });
      expect(glued.map((index) => `${page}:${index + 1}: ${lines[index]}`)).to.deep.equal([]);
      expect(isClosed).to.equal(true);
    });
  }

  it('docs/pipelines.md: what is said of a kind of component has its keys and an example of it', () => {
    const text = readFileSync(join(projectRoot, 'docs/pipelines.md'), 'utf8');
    const sections = text.split(/^## /m).filter((section) => /^Keys of an? \w+_\w+\n/.test(section));
    const wrong = sections.filter((section) => {
      const kind = /^Keys of an? (\w+)/.exec(section)![1]!;
      const kinds = [...section.matchAll(/^ +type: (\w+)$/gm)].map(([, type]) => type);
      return !/^\| key \| type \| default \| meaning \|$/m.test(section) || kinds.some((type) => type !== kind);
    });
    expect(sections).to.have.length.above(8);
    expect(wrong.map((section) => section.split('\n', 1)[0])).to.deep.equal([]);
  });
});
