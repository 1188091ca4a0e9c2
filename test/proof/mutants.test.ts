import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { mutants } from './mutants/mutants.js';
import { mutate } from './mutants/mutate.js';
import { project } from './mutants/project-copy.js';

// `npm run mutants` takes them out, and runs the tests.
describe('The list of guards', () => {
  it('names each once', () => {
    const names = mutants.map(({ name }) => name);
    expect(names).to.deep.equal([...new Set(names)]);
  });

  for (const mutant of mutants) {
    it(`fits the code: ${mutant.guard} (${mutant.name})`, async () => {
      const text = await readFile(join(project, mutant.file), 'utf8');
      expect(mutate(text, mutant)).not.to.equal(text);
    });
  }
});
