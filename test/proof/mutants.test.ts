import { expect } from 'chai';
import { findGuard, findTest, readSources } from './mutants/find-guard.js';
import type { Sources } from './mutants/find-guard.js';
import { mutants } from './mutants/mutants.js';
import { guarded, project } from './mutants/project-copy.js';

// `npm run mutants` takes them out, and runs the tests.
describe('The list of guards', () => {
  let sources: Sources;
  let tests: Sources;

  before(async () => {
    sources = await readSources(project, guarded);
    tests = await readSources(project, ['test']);
  });

  it('names each once', () => {
    const names = mutants.map(({ name }) => name);
    expect(names).to.deep.equal([...new Set(names)]);
  });

  for (const mutant of mutants) {
    it(`fits the code: ${mutant.guard} (${mutant.name})`, () => {
      const { file, from, to } = findGuard(sources, mutant);
      expect(sources.get(file)!.slice(from, to)).not.to.equal(mutant.replacement);
      expect(mutant.tests.map((name) => findTest(tests, name))).not.to.deep.equal([]);
    });
  }
});

describe('A guard', () => {
  const guard = { name: 'guard', file: 'src/lease.ts', text: 'if (!isHeld(task, now)) return;' };
  const placeIn = (texts: Record<string, string>): string => {
    const sources = new Map(Object.entries(texts));
    const { file, from, to } = findGuard(sources, guard);
    return `${file}: ${sources.get(file)!.slice(from, to)}`;
  };

  it('is found however it is laid out', () => {
    const text = 'if (\n  !isHeld(\n    task, // the newest\n    now,\n  )\n)\n  return;';
    expect(placeIn({ 'src/lease.ts': `first();\n${text}\nlast();` })).to.equal(`src/lease.ts: ${text}`);
  });

  it('is found in the file of its name before others, wherever that lies, and else in any', () => {
    expect(placeIn({ 'src/tasks/lease.ts': guard.text, 'src/other.ts': guard.text })).to.match(/^src\/tasks\/lease.ts/);
    expect(placeIn({ 'src/lease.ts': '', 'src/claim.ts': guard.text })).to.equal(`src/claim.ts: ${guard.text}`);
  });

  it('is not found in part of a word, in two places, or where it is gone', () => {
    expect(() => placeIn({ 'src/lease.ts': `else${guard.text}` })).to.throw('the guard of guard is gone');
    expect(() => placeIn({ 'src/lease.ts': guard.text.repeat(2) })).to.throw(
      'guard stands in src/lease.ts, src/lease.ts',
    );
    expect(() => placeIn({ 'src/a.ts': guard.text, 'src/b.ts': guard.text })).to.throw(
      'guard stands in src/a.ts, src/b.ts',
    );
  });
});
