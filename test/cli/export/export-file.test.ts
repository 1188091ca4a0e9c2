import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { descriptorOf, ExportFile } from '../../../src/cli/export/export-file.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { Child } from '../../support/child.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const module = new URL('../../../src/cli/export/export-file.ts', import.meta.url).href;

/** A process that begins to write a file, and says so. */
function startWriting(path: string): Child {
  const code =
    `const { ExportFile } = await import('${module}'); const file = await ExportFile.create('${path}');` +
    `await file.write('half'); console.log('writing'); setInterval(() => undefined, 1000);`;
  return new Child(process.execPath, ['--import=tsx', '--input-type=module', '--eval', code]);
}

describe('the file of an export', () => {
  it('leaves no part for ever of one whose process was killed, and none of a living one is touched', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'events.jsonl');
    const [killed, living] = [startWriting(path), startWriting(path)];
    for (const child of [killed, living]) await child.output(/writing/);
    writeFileSync(`${path}.notes-1-abcd.tmp`, 'mine');
    expect(readdirSync(folder)).to.have.length(3);

    await killed.kill();
    const file = await ExportFile.create(path);
    await file.write('whole');
    expect(readdirSync(folder).filter((name) => name.includes(`-${killed.pid}-`))).to.deep.equal([]);
    await file.commit();
    expect(readdirSync(folder).filter((name) => name.includes(`-${living.pid}-`))).to.have.length(1);
    expect(readdirSync(folder)).to.have.length(3);
    expect(readFileSync(path, 'utf8')).to.equal('whole');
    await living.kill();
  });

  it('leaves what another machine writes, until nobody has written to it for a day', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'events.jsonl');
    const ago = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);
    for (const [name, hours] of [
      ['0123abcd-4711-beef', 23],
      ['0123abcd-4712-beef', 25],
    ] as const) {
      writeFileSync(`${path}.${name}.tmp`, 'half');
      utimesSync(`${path}.${name}.tmp`, ago(hours), ago(hours));
    }
    await (await ExportFile.create(path)).discard();
    expect(readdirSync(folder)).to.deep.equal(['events.jsonl.0123abcd-4711-beef.tmp']);
  });

  it('is the one that a link means, whether that is there or not', async () => {
    const folder = temporaryFolder();
    for (const name of ['days', 'links']) mkdirSync(join(folder, name));
    const newest = join(folder, 'newest.csv');
    symlinkSync('links/newest.csv', newest);
    symlinkSync('../days/monday.csv', join(folder, 'links/newest.csv'));
    for (const text of ['first', 'second']) {
      const file = await ExportFile.create(newest);
      await file.write(text);
      await file.commit();
      expect(readFileSync(join(folder, 'days/monday.csv'), 'utf8')).to.equal(text);
      expect(readlinkSync(newest)).to.equal('links/newest.csv');
      expect(readdirSync(join(folder, 'days'))).to.deep.equal(['monday.csv']);
    }
  });

  it('is refused where links lead in a circle, or to a folder that is not there', async () => {
    const folder = temporaryFolder();
    symlinkSync('circle', join(folder, 'circle'));
    symlinkSync('missing/events.csv', join(folder, 'away'));
    for (const name of ['circle', 'away']) {
      const { message } = await rejectionOf(ExportFile.create(join(folder, name)), UsageError);
      expect(message).to.contain(`--output ${join(folder, name)} can't be written: E`);
    }
    expect(readdirSync(folder).sort()).to.deep.equal(['away', 'circle']);
  });

  it('goes where the process was told to write, behind what stands there: into a file, or a pipe', () => {
    const file = join(temporaryFolder(), 'events.csv');
    writeFileSync(file, 'before ');
    const code =
      `const { ExportFile } = await import('${module}'); const file = await ExportFile.create('/dev/fd/5');` +
      `await file.write('events '); await file.commit();`;
    const args = [process.execPath, '--import=tsx', '--input-type=module', '--eval', code];
    execFileSync('sh', ['-c', '"$@" 5>>"$0"; printf after >>"$0"', file, ...args]);
    expect(readFileSync(file, 'utf8')).to.equal('before events after');
    const piped = execFileSync('sh', ['-c', '{ "$@" 5>&1; } | cat', 'sh', ...args]);
    expect(piped.toString()).to.equal('events ');
  });

  it('stays open where it is a file that the process was given: what it tells then goes there, too', () => {
    const file = join(temporaryFolder(), 'log');
    const code =
      `const { ExportFile } = await import('${module}'); const file = await ExportFile.create('/dev/stderr');` +
      `await file.write('events '); await file.commit(); process.stderr.write('exported');`;
    const args = [process.execPath, '--import=tsx', '--input-type=module', '--eval', code];
    execFileSync('sh', ['-c', '"$@" 2>"$0"', file, ...args]);
    expect(readFileSync(file, 'utf8')).to.equal('events exported');
  });

  it('is a descriptor however links lead there, and is refused where that is not open', async () => {
    const link = join(temporaryFolder(), 'log');
    symlinkSync('/dev/stdout', link);
    const paths = [link, '/dev/stdout', '/dev/stderr', '/dev/fd/63', '/dev/null', `${link}.csv`];
    expect(await Promise.all(paths.map((path) => descriptorOf(path)))).to.deep.equal([1, 1, 2, 63, null, null]);
    const { message } = await rejectionOf(ExportFile.create('/dev/fd/987654'), UsageError);
    expect(message).to.contain("--output /dev/fd/987654 can't be written: EBADF");
  });

  it('is named as it was asked for where it can’t be written', async () => {
    const path = join(temporaryFolder(), 'missing', 'events.csv');
    const { message } = await rejectionOf(ExportFile.create(path), UsageError);
    expect(message).to.equal(`--output ${path} can't be written: ENOENT: no such file or directory, open '${path}'`);
  });

  it('lets its process end while nobody reads the pipe that it is', async () => {
    const pipe = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const ends = `setTimeout(() => process.exit(7), 100)`;
    const code = `const { ExportFile } = await import('${module}'); void ExportFile.create('${pipe}'); ${ends};`;
    const child = new Child(process.execPath, ['--import=tsx', '--input-type=module', '--eval', code]);
    expect(await child.exit()).to.include({ code: 7, stderr: '' });
  });
});
