import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import { Child } from '../../support/child.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('the file of an export', () => {
  it('lets its process end while nobody reads the pipe that it is', async () => {
    const pipe = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const module = new URL('../../../src/cli/export/export-file.ts', import.meta.url).href;
    const ends = `setTimeout(() => process.exit(7), 100)`;
    const code = `const { ExportFile } = await import('${module}'); void ExportFile.create('${pipe}'); ${ends};`;
    const child = new Child(process.execPath, ['--import=tsx', '--input-type=module', '--eval', code]);
    expect(await child.exit()).to.include({ code: 7, stderr: '' });
  });
});
