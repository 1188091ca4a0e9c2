import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { combineLoggers } from '../../src/runtime/combined-logger.js';
import type { Logger } from '../../src/runtime/logger.js';
import { LogTail } from '../../src/runtime/log-tail.js';
import { RotatingFile } from '../../src/runtime/rotating-file.js';
import { SecretMask } from '../../src/runtime/secrets.js';
import { openTaskLog, type TaskLog } from '../../src/runtime/task-log.js';
import { SmallDisk } from '../support/small-disk.js';
import { temporaryFolder } from '../support/temporary-folder.js';

interface Opened {
  readonly path: string;
  readonly log: TaskLog;
  readonly complaints: readonly string[];
  readonly read: () => Record<string, unknown>[];
}

async function setUp(path = join(temporaryFolder(), 'logs', 'pipeline_1.log')): Promise<Opened> {
  const complaints: string[] = [];
  const secrets = new SecretMask();
  secrets.remember('https://rpc.example/v3/AbCd1234');
  const console: Logger = { log: (_level, message) => complaints.push(message) };
  const log = await openTaskLog(path, { level: 'info', secrets, console });
  const read = (): Record<string, unknown>[] =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { path, log, complaints, read };
}

describe('a task log', () => {
  it('holds a line as JSON on the disk before log() returns', async () => {
    const { log, read } = await setUp();
    log.logger.log('warn', '任务超时', { event: 'task.timed_out', task_id: 1, pipeline_id: 45 });
    log.logger.log('debug', 'too much detail');
    const [line, ...more] = read();
    expect(line).to.include({ level: 'warn', event: 'task.timed_out', task_id: 1, pipeline_id: 45, msg: '任务超时' });
    expect(line?.['time']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(more).to.deep.equal([]);
    log.close();
  });

  it('masks secrets in messages and fields', async () => {
    const { log, path } = await setUp();
    log.logger.log('info', 'asked https://rpc.example/v3/AbCd1234', {
      error: new Error('key AbCd1234'),
      url: ['AbCd1234'],
    });
    expect(readFileSync(path, 'utf8')).to.contain('https://rpc.example/***').and.not.to.contain('AbCd1234');
    log.close();
  });

  it('goes on in a new folder when its own has vanished', async () => {
    const { log, path, read, complaints } = await setUp();
    log.logger.log('info', 'first');
    rmSync(dirname(path), { recursive: true });
    log.logger.log('info', 'second');
    expect(read()).to.have.length(1);
    expect(complaints).to.deep.equal([]);
    log.close();
  });

  it('complains once where it can not be written, and goes on as soon as it can', async () => {
    const { log, path, read, complaints } = await setUp();
    const folder = dirname(path);
    writeFileSync(folder, 'a file where the folder should be');
    log.logger.log('info', 'lost');
    log.logger.log('info', 'lost too');
    expect(complaints).to.have.length(1);
    expect(complaints[0]).to.match(/pipeline_1\.log can't be written: E/);
    rmSync(folder);
    log.logger.log('info', 'written');
    expect(read().map(({ msg }) => msg)).to.deep.equal(['written']);
    log.close();
  });

  it('puts aside what another database has left at its path, with all that was put aside of it, and says so', async () => {
    const folder = temporaryFolder();
    const names = ['pipeline_1.log', 'pipeline_1.log.1', 'pipeline_1.log.2', 'pipeline_12.log'];
    for (const name of names) writeFileSync(join(folder, name), `${name} of another\n`);
    const { log, read, complaints } = await setUp(join(folder, 'pipeline_1.log'));
    log.logger.log('info', 'first');
    const aside = readdirSync(folder).filter((name) => name.includes('.before-'));
    expect(aside).to.have.length(3);
    expect(complaints).to.have.length(1);
    expect(complaints[0]).to.match(
      /pipeline_1\.log was the log of another .*: it is put aside as \S+pipeline_1\.log\.before-\d{8}T\d{6}\.\d{3}Z$/,
    );
    expect(read().map(({ msg }) => msg)).to.deep.equal([...complaints, 'first']);
    const other = (await LogTail.open(complaints[0]!.split(' put aside as ')[1]!))!;
    const texts: string[] = [];
    for (let piece = await other.read(); piece !== undefined; piece = await other.read()) texts.push(piece.toString());
    await other.close();
    expect(texts.join('')).to.equal(
      names
        .slice(0, 3)
        .toReversed()
        .map((name) => `${name} of another\n`)
        .join(''),
    );
    expect(readdirSync(folder)).to.have.length(5).and.include.members(['pipeline_1.log', 'pipeline_12.log']);
    log.close();
  });

  it('goes on behind it where it can not be put aside', async () => {
    // A name that has no room for more.
    const path = join(temporaryFolder(), 'x'.repeat(250));
    writeFileSync(path, '{"msg":"of another"}\n');
    const { log, read, complaints } = await setUp(path);
    log.logger.log('info', 'first');
    log.close();
    expect(complaints).to.have.length(1);
    expect(complaints[0]).to.match(/already can't be put aside, and is gone on with: ENAMETOOLONG/);
    expect(read().map(({ msg }) => msg)).to.deep.equal(['of another', ...complaints, 'first']);
  });

  it('survives a full disk', function () {
    if (!existsSync('/dev/full')) this.skip(); // only Linux has a file that is always full
    const failures: string[] = [];
    const file = new RotatingFile('/dev/full', { onFailure: ({ message }) => failures.push(message) });
    file.write('a line\n');
    file.write('another\n');
    file.close();
    expect(failures).to.have.length(1);
    expect(failures[0]).to.contain('ENOSPC');
  });
});

describe('RotatingFile', () => {
  it('writes through no link', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'precious'), 'mine\n');
    symlinkSync(join(folder, 'precious'), join(folder, 'log'));
    const failures: string[] = [];
    const file = new RotatingFile(join(folder, 'log'), { onFailure: ({ message }) => failures.push(message) });
    file.write('a line\n');
    file.close();
    expect(failures).to.have.length(1);
    expect(readFileSync(join(folder, 'precious'), 'utf8')).to.equal('mine\n');
  });

  it('puts a full file aside and keeps a number of them', () => {
    const folder = join(temporaryFolder(), 'a', 'b');
    mkdirSync(folder, { recursive: true });
    const file = new RotatingFile(join(folder, 'log'), { maxBytes: 10, maxFiles: 3 });
    for (const number of [1, 2, 3, 4, 5]) file.write(`line of ${number}...\n`);
    file.close();
    file.close();
    expect(readdirSync(folder).sort()).to.deep.equal(['log', 'log.1', 'log.2']);
    expect(readFileSync(join(folder, 'log'), 'utf8')).to.equal('line of 5...\n');
    expect(readFileSync(join(folder, 'log.2'), 'utf8')).to.equal('line of 3...\n');
  });

  it('begins anew at its path where the file was moved away, or another stands there', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'log');
    const file = new RotatingFile(path, { maxBytes: 10 });
    file.write('the first line\n');
    renameSync(path, join(folder, 'log.1'));
    file.write('second\n');
    expect(readFileSync(join(folder, 'log.1'), 'utf8')).to.equal('the first line\n');
    expect(readFileSync(path, 'utf8')).to.equal('second\n');
    renameSync(path, join(folder, 'mine'));
    writeFileSync(path, 'it\n');
    file.write('third\n');
    file.close();
    expect(readFileSync(path, 'utf8')).to.equal('it\nthird\n');
    expect(readFileSync(join(folder, 'mine'), 'utf8')).to.equal('second\n');
  });

  it('puts a full file aside also where the system tells another number of it each time', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'log');
    const file = new RotatingFile(path, { maxBytes: 10 });
    for (const line of ['first\n', 'second\n', 'third\n']) {
      file.write(line);
      copyFileSync(path, join(folder, 'copy'));
      renameSync(join(folder, 'copy'), path);
    }
    file.close();
    expect(readFileSync(join(folder, 'log.1'), 'utf8')).to.equal('first\nsecond\n');
    expect(readFileSync(path, 'utf8')).to.equal('third\n');
  });

  it('begins a line of its own behind the half of one that a full disk took', function () {
    const disk = SmallDisk.mount(1);
    if (disk === null) this.skip(); // only root may mount one
    const path = join(disk.folder, 'log');
    const file = new RotatingFile(path);
    const text = 'x'.repeat(300);
    file.write('the first\n');
    disk.fill();
    // More than the page that the file has already.
    for (let count = 0; count < 20; count++) file.write(`${text}\n`);
    disk.makeRoom();
    file.write('there is room\n');
    file.write('again\n');
    file.close();
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.at(-4)).to.match(/^x{1,299}$/);
    expect(lines.slice(-3)).to.deep.equal(['there is room', 'again', '']);
  });

  it('goes on behind what a file already holds', () => {
    const path = join(temporaryFolder(), 'log');
    writeFileSync(path, 'before\n');
    const file = new RotatingFile(path);
    file.write('after\n');
    file.close();
    expect(readFileSync(path, 'utf8')).to.equal('before\nafter\n');
  });
});

describe('combineLoggers', () => {
  it('hands each line to every logger', () => {
    const heard: string[] = [];
    const hear = (name: string): Logger => ({ log: (level, message) => heard.push(`${name} ${level} ${message}`) });
    combineLoggers([hear('a'), hear('b')]).log('info', 'm');
    expect(heard).to.deep.equal(['a info m', 'b info m']);
  });
});
