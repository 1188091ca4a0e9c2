import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
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

/** Pages beside these, which have links, too. */
const others = ['docs/model/README.md', 'bench/README.md', 'bench/peers/README.md', 'examples/README.md'];

/** The lines of a page that stand in no block of code, each with its number; a block that is not closed reaches to the page's end. */
function proseOf(lines: readonly string[]): { readonly prose: readonly number[]; readonly isClosed: boolean } {
  let isCode = false;
  const prose = lines.flatMap((line, index) => {
    if (/^ *```/.test(line)) isCode = !isCode;
    return isCode ? [] : [index];
  });
  return { prose, isClosed: !isCode };
}

/** What a heading is called behind a `#`, as GitHub makes it of the text that is seen. */
function anchorOf(heading: string): string {
  const seen = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
  const kept = seen
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '');
  return kept.replaceAll(' ', '-');
}

/** The anchors of a page: of headings with one name the second has `-1` behind it. */
function anchorsOf(path: string): ReadonlySet<string> {
  const lines = readFileSync(path, 'utf8').split('\n');
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  for (const index of proseOf(lines).prose) {
    const heading = /^#{1,6} (.*)$/.exec(lines[index]!)?.[1];
    if (heading === undefined) continue;
    const anchor = anchorOf(heading);
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    anchors.add(before === 0 ? anchor : `${anchor}-${before}`);
  }
  return anchors;
}

/** The links of a page to files of the project, and to headings in them. */
function linksOf(page: string): readonly { readonly link: string; readonly file: string; readonly anchor?: string }[] {
  const lines = readFileSync(join(projectRoot, page), 'utf8').split('\n');
  const targets = proseOf(lines).prose.flatMap((index) => [...lines[index]!.matchAll(/\]\(([^)\s]+)\)/g)]);
  return targets
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? join(projectRoot, page) : join(projectRoot, dirname(page), path);
      return { link: `${page}: ${target}`, file, ...(anchor === undefined ? {} : { anchor }) };
    });
}

describe('a page of the documentation', () => {
  it('links to files that are there, and to headings that they have', () => {
    const links = [...pages, ...others].flatMap(linksOf);
    const dead = links.filter(
      ({ file, anchor }) => !existsSync(file) || (anchor !== undefined && !anchorsOf(file).has(anchor)),
    );
    expect(links).to.have.length.above(200);
    expect(dead.map(({ link }) => link)).to.deep.equal([]);
  });

  it('links in the package of npm to files that the package has', () => {
    const { files } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { files: string[] };
    const isPacked = (path: string): boolean => files.some((file) => `${path}/`.startsWith(`${file}/`));
    const links = [...pages, ...others].filter(isPacked).flatMap(linksOf);
    const dead = links.filter(({ file }) => !isPacked(relative(projectRoot, file)));
    expect(dead.map(({ link }) => link)).to.deep.equal([]);
  });

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
