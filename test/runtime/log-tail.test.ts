import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { logFiles, openLogFile } from '../../src/runtime/log-files.js';
import { LogTail } from '../../src/runtime/log-tail.js';
import { eventually } from '../support/within.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Reads what there is for now. */
async function drain(tail: LogTail): Promise<string> {
  const pieces: Buffer[] = [];
  for (let piece = await tail.read(); piece !== undefined; piece = await tail.read()) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

describe('LogTail', () => {
  let path: string;
  const lastLines = async (count?: number): Promise<string> => {
    const tail = (await LogTail.open(path, { lines: count }))!;
    return await drain(tail).finally(() => tail.close());
  };

  beforeEach(() => {
    path = join(temporaryFolder(), 'task.log');
  });

  it('reads nothing where there is no file', async () => {
    expect(await LogTail.open(path)).to.equal(undefined);
    expect(await LogTail.open(path, { lines: 5 })).to.equal(undefined);
    expect(await LogTail.open(join(path, 'below', 'a'), { lines: 5 })).to.equal(undefined);
  });

  it('begins at the last lines, whether or not the very last is complete', async () => {
    writeFileSync(path, 'a\nb\n\nc\n');
    const expected = ['', 'c\n', '\nc\n', 'b\n\nc\n', 'a\nb\n\nc\n', 'a\nb\n\nc\n'];
    for (const [count, text] of expected.entries()) expect(await lastLines(count)).to.equal(text);
    writeFileSync(path, 'a\nb');
    expect(await lastLines(1)).to.equal('b');
    expect(await lastLines(2)).to.equal('a\nb');
    writeFileSync(path, '');
    expect(await lastLines(2)).to.equal('');
  });

  it('finds lines that are longer than a piece', async () => {
    const long = `${'é'.repeat(100_000)}\n`;
    writeFileSync(path, `x\n${long}${long}y\n`);
    expect(await lastLines(2)).to.equal(`${long}y\n`);
    expect(await lastLines(4)).to.equal(`x\n${long}${long}y\n`);
  });

  it('reads what was put aside first, and the last lines across files', async () => {
    writeFileSync(`${path}.2`, '1\n2\n');
    writeFileSync(`${path}.1`, '3\n4\n');
    writeFileSync(path, '5\n');
    expect(await lastLines()).to.equal('1\n2\n3\n4\n5\n');
    expect(await lastLines(1)).to.equal('5\n');
    expect(await lastLines(3)).to.equal('3\n4\n5\n');
    expect(await lastLines(4)).to.equal('2\n3\n4\n5\n');
    expect(await lastLines(9)).to.equal('1\n2\n3\n4\n5\n');
  });

  it('follows a file that grows and is put aside, twice between two reads', async () => {
    writeFileSync(path, '1\n');
    const tail = (await LogTail.open(path))!;
    expect(await drain(tail)).to.equal('1\n');
    appendFileSync(path, '2\n');
    renameSync(path, `${path}.1`);
    writeFileSync(path, '3\n');
    renameSync(`${path}.1`, `${path}.2`);
    renameSync(path, `${path}.1`);
    expect(await drain(tail)).to.equal('2\n3\n');
    writeFileSync(path, '4\n');
    expect(await drain(tail)).to.equal('4\n');
    await tail.close();
  });

  it('begins anew where the file was emptied or replaced', async () => {
    writeFileSync(path, '1\n2\n');
    const tail = (await LogTail.open(path, { lines: 0 }))!;
    truncateSync(path);
    expect(await drain(tail)).to.equal('');
    appendFileSync(path, '3\n');
    expect(await drain(tail)).to.equal('3\n');
    unlinkSync(path);
    expect(await drain(tail)).to.equal('');
    writeFileSync(path, '4\n');
    expect(await drain(tail)).to.equal('4\n');
    await tail.close();
  });

  it('reads a file on that was removed, and nothing again that was put aside before it', async () => {
    writeFileSync(`${path}.1`, 'old\n');
    const isYounger = (): boolean => statSync(path).birthtimeMs >= statSync(`${path}.1`).birthtimeMs + 1;
    await eventually('a younger file', () => {
      rmSync(path, { force: true });
      writeFileSync(path, '1\n');
      return isYounger();
    });
    const writer = openSync(path, 'a');
    const tail = (await LogTail.open(path, { lines: 1 }))!;
    expect(await drain(tail)).to.equal('1\n');
    unlinkSync(path);
    expect(await drain(tail)).to.equal('');
    writeSync(writer, '2\n');
    closeSync(writer);
    expect(await drain(tail)).to.equal('2\n');
    writeFileSync(path, '3\n');
    expect(await drain(tail)).to.equal('3\n');
    await tail.close();
  });

  describe('goes on at a place that it had', () => {
    const from = async (place: string): Promise<readonly [string, boolean]> => {
      const tail = (await LogTail.open(path, { from: place, lines: 1 }))!;
      const isThere = tail.place() === place;
      return [await drain(tail).finally(() => tail.close()), isThere];
    };
    let place: string;

    beforeEach(async () => {
      writeFileSync(path, '1\n2\n');
      const tail = (await LogTail.open(path))!;
      expect(await drain(tail)).to.equal('1\n2\n');
      place = tail.place();
      expect(await from(tail.place(2))).to.deep.equal(['2\n', true]);
      expect(await from(tail.place(4))).to.deep.equal(['1\n2\n', true]);
      await tail.close();
    });

    it('also where its file was put aside, and others behind it', async () => {
      expect(await from(place)).to.deep.equal(['', true]);
      appendFileSync(path, '3\n');
      renameSync(path, `${path}.2`);
      writeFileSync(`${path}.1`, '4\n');
      writeFileSync(path, '5\n');
      expect(await from(place)).to.deep.equal(['3\n4\n5\n', true]);
    });

    it('but at the last lines where its file is gone, was emptied, or has another line there', async () => {
      truncateSync(path);
      expect(await from(place)).to.deep.equal(['', false]);
      appendFileSync(path, 'longer\n');
      expect(await from(place)).to.deep.equal(['longer\n', false]);
      unlinkSync(path);
      writeFileSync(path, '8\n9\n');
      expect(await from(place)).to.deep.equal(['9\n', false]);
    });

    it('and at the last lines where a stranger made the place up', async () => {
      const [inode = '', birth = ''] = place.split('-');
      for (const offset of ['', '1', '3', '5', '-1', '0x2', '1e0', '2 ', '9'.repeat(15), '9'.repeat(400)])
        expect(await from(`${inode}-${birth}-${offset}`), offset).to.deep.equal(['2\n', false]);
      for (const text of ['', '-', '1', `${inode}--4`, `${inode}-${birth}`, `${inode}-${Number(birth) + 1}-4`])
        expect(await from(text), text).to.deep.equal(['2\n', false]);
    });
  });

  it('looks back no further than it may, and says that it begins inside of a line', async () => {
    writeFileSync(`${path}.1`, 'a\nb\n');
    writeFileSync(path, 'long line\nc\n');
    const begin = async (lines: number, mostBytes: number): Promise<readonly [string, boolean]> => {
      const tail = (await LogTail.open(path, { lines, mostBytes }))!;
      return [await drain(tail).finally(() => tail.close()), tail.startsInside];
    };
    expect(await begin(1, 4)).to.deep.equal(['c\n', false]);
    expect(await begin(2, 4)).to.deep.equal(['e\nc\n', true]);
    expect(await begin(3, 12)).to.deep.equal(['long line\nc\n', false]);
    expect(await begin(3, 14)).to.deep.equal(['b\nlong line\nc\n', false]);
  });

  it('ends its search where nobody waits for it any more', async () => {
    writeFileSync(path, 'x'.repeat(1_000_000));
    const tail = (await LogTail.open(path, { lines: 1, signal: AbortSignal.abort() }))!;
    expect(await drain(tail)).to.equal('');
    await tail.close();
  });

  it('opens no link, no pipe and no folder, and follows none that takes the place of its file', async () => {
    const aside = `${path}.aside`;
    writeFileSync(aside, 'a secret\n');
    symlinkSync(aside, path);
    expect(await LogTail.open(path)).to.equal(undefined);
    unlinkSync(path);
    execFileSync('mkfifo', [path]);
    expect(await LogTail.open(path, { lines: 5 })).to.equal(undefined);
    unlinkSync(path);
    mkdirSync(path);
    expect(await LogTail.open(path)).to.equal(undefined);
    rmdirSync(path);
    writeFileSync(path, '1\n');
    const tail = (await LogTail.open(path))!;
    unlinkSync(path);
    symlinkSync(aside, path);
    expect(await drain(tail)).to.equal('1\n');
    await tail.close();
  });

  it('does not take another file for the one that it has found', async () => {
    writeFileSync(path, '1\n');
    const [found] = await logFiles(path);
    renameSync(path, `${path}.1`);
    writeFileSync(path, '2\n');
    expect(await openLogFile(found!)).to.equal(undefined);
  });
});
