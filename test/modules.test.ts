import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './support/processes.js';

describe('every module', () => {
  for (const folder of ['src', 'migrations']) {
    for (const file of readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      if (!file.endsWith('.ts')) continue;
      // Coverage, too, then counts the modules that no other test loads.
      it(`of ${folder} can be loaded on its own: ${file}`, async () => {
        expect(await import(pathToFileURL(join(projectRoot, folder, file)).href)).to.be.a('module');
      });
    }
  }
});
