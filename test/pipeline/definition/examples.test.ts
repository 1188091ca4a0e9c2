import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { definitionOptions } from './definition-texts.js';

const folder = join(import.meta.dirname, '../../../examples');
const files = readdirSync(folder).filter((file) => /\.(yaml|json)$/.test(file));

describe('the examples', () => {
  for (const file of files) {
    it(`hold a valid ${file}, listed in their README`, async () => {
      const { name } = await loadDefinition(join(folder, file), definitionOptions);
      expect(file).to.match(new RegExp(`^${name}\\.`));
      expect(readFileSync(join(folder, 'README.md'), 'utf8')).to.contain(`(${file})`);
    });
  }
});
