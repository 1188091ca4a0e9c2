import { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { statSync } from 'node:fs';
import { expect } from 'chai';
import Sqlite from 'better-sqlite3';
import { openDatabase } from '../../../../src/database/open/open-database.js';
import { SqliteWriterProcess } from '../../../../src/database/drivers/sqlite/sqlite-writer-process.js';
import { FenceError } from '../../../../src/database/script.js';
import type { BulkInsert, Statement } from '../../../../src/database/script.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { DatabaseUnreachableError } from '../../../../src/runtime/errors.js';
import { Child } from '../../../support/child.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { eventually, within } from '../../../support/within.js';
import { bulkInsert } from '../../bulk-insert.js';
import { rejectionOf } from '../../../support/rejection.js';

/** How long a writer may take, in milliseconds: to start one takes seconds on a busy machine. */
const patienceMs = 20_000;

describe('the process that writes to a SQLite file', () => {
  let path: string;
  let writer: SqliteWriterProcess;

  beforeEach(() => {
    path = `${temporaryFolder()}/written.db`;
    const file = new Sqlite(path);
    file.exec('CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)');
    file.close();
    writer = new SqliteWriterProcess(path, { clock: systemClock, timeoutMs: patienceMs });
  });
  afterEach(() => writer.close());

  const run = (sql: string): Statement => ({ sql, bindings: [] });
  const add = run("INSERT INTO item (a) VALUES ('x')");
  const countTo = (number: number): Statement =>
    run(
      `INSERT INTO item (a) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${number}) SELECT max(i) FROM n`,
    );
  /** Counts for some tenths of a second. */
  const slow = countTo(20_000_000);
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    rejectionOf(within(2 * patienceMs, work, () => 'it hangs'));
  const count = (): number => {
    const file = new Sqlite(path, { readonly: true });
    try {
      return (file.prepare('SELECT count(*) AS n FROM item').get() as { n: number }).n;
    } finally {
      file.close();
    }
  };
  const pids = async (): Promise<number[]> => {
    const { stdout } = await new Child('ps', ['-eo', 'pid,args']).exit();
    const lines = stdout.split('\n').filter((line) => line.includes('sqlite-writer') && line.includes(path));
    return lines.map((line) => Number(line.trim().split(' ')[0]));
  };

  it('answers each script with what it did, in order', async () => {
    const answers = await Promise.all([
      writer.run([add]),
      writer.run([add, add]),
      writer.run([run('DELETE FROM item')]),
    ]);
    expect(answers.map((results) => results.map(({ matched }) => matched))).to.deep.equal([[1], [1, 1], [3]]);
    expect(answers[1].map(({ insertId }) => insertId)).to.deep.equal([2, 3]);
  });

  describe('with many scripts at a time', () => {
    const fence: Statement = { ...run("UPDATE item SET a = 'y' WHERE id = 99999"), fence: true };
    /** How many messages writers have sent: each answers a request. */
    let answers: number;
    let pid: number;

    beforeEach(async () => {
      await writer.run([add]);
      [pid = 0] = await pids();
      answers = 0;
      const value = function (this: EventEmitter, event: string, ...about: unknown[]): boolean {
        if (event === 'message') answers += 1;
        return EventEmitter.prototype.emit.call(this, event, ...about);
      };
      Object.defineProperty(ChildProcess.prototype, 'emit', { value, configurable: true });
    });
    afterEach(() => Reflect.deleteProperty(ChildProcess.prototype, 'emit'));

    it('sends what comes while others are under way together, each a transaction of its own', async () => {
      process.kill(pid, 'SIGSTOP');
      const all = Array.from({ length: 100 }, (_script, index) => writer.run(index % 10 === 5 ? [add, fence] : [add]));
      const ends = Promise.allSettled(all);
      process.kill(pid, 'SIGCONT');
      const refused = (await ends).flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
      expect(refused).to.deep.equal([5, 15, 25, 35, 45, 55, 65, 75, 85, 95]);
      expect(await failure(all[5] ?? Promise.resolve())).to.be.instanceOf(FenceError);
      expect(count()).to.equal(91);
      expect(answers).to.equal(4 + 3);
    });

    it('sends what is urgent before all that waits to be sent', async () => {
      process.kill(pid, 'SIGSTOP');
      const done: string[] = [];
      const others = Array.from({ length: 300 }, async () => {
        await writer.run([add]);
        done.push('other');
      });
      const urgent = writer.urgent.run([add]).then(() => done.push('urgent'));
      process.kill(pid, 'SIGCONT');
      await Promise.all([...others, urgent]);
      // Behind those that had left, in the first request that followed.
      expect(done.indexOf('urgent')).to.equal(4);
    });

    it('sends many rows with few others, so that each is answered in time', async () => {
      const insert = (): BulkInsert =>
        bulkInsert(
          'item',
          [{ name: 'a' }],
          Array.from({ length: 600 }, () => ['x']),
        );
      await Promise.all(Array.from({ length: 10 }, () => writer.run([insert()])));
      expect(count()).to.equal(6_001);
      expect(answers).to.equal(10);
    });

    it('sends all that waits before it ends with its database', async () => {
      process.kill(pid, 'SIGSTOP');
      const last = Array.from({ length: 100 }, () => failure(writer.run([add])));
      const closed = writer.close();
      process.kill(pid, 'SIGCONT');
      await closed;
      await Promise.all(last);
      expect(count()).to.equal(101);
    });

    it('does not do what had yet to be sent when the writer was killed', async () => {
      process.kill(pid, 'SIGSTOP');
      const lost = Array.from({ length: 50 }, () => failure(writer.run([add])));
      process.kill(pid, 'SIGKILL');
      for (const error of await Promise.all(lost)) expect(error).to.be.instanceOf(DatabaseUnreachableError);
      expect(count()).to.equal(1);
      await writer.run([add]);
      expect(count()).to.equal(2);
    });
  });

  it('starts before it is needed, and ends without having been', async () => {
    const database = await openDatabase(`sqlite:${path}`, { statementTimeoutMs: patienceMs });
    expect(await pids()).to.have.length(1);
    await database.close();
    expect(await pids()).to.deep.equal([]);
  });

  it('starts with the first write where a database is only looked at', async () => {
    const database = await openDatabase(`sqlite:${path}`, { statementTimeoutMs: patienceMs, isLookedAt: true });
    expect(await pids()).to.deep.equal([]);
    await database.write([add]);
    expect(await pids()).to.have.length(1);
    await database.close();
  });

  it('knows when a script has left: then it is written, whatever keeps this process from its event loop', async () => {
    // By this clock no time passes, and nothing is given up.
    const patient = await openDatabase(`sqlite:${path}`, { clock: new FakeClock(), statementTimeoutMs: patienceMs });
    try {
      await patient.write([run('DELETE FROM item')]);
      // More than a pipe takes at a time.
      const texts = Array.from({ length: 40 }, (_text, index) => [String(index).repeat(100_000)]);
      let written: Promise<unknown> = Promise.resolve();
      await new Promise<void>((resolve) => {
        written = patient.write([bulkInsert('item', [{ name: 'a' }], texts)], resolve);
      });
      const until = performance.now() + patienceMs;
      while (count() === 0 && performance.now() < until);
      expect(count()).to.equal(40);
      await written;
    } finally {
      await patient.close();
    }
  });

  it('waits for no script to leave where nobody takes it', async () => {
    await writer.run([add]);
    const [pid] = await pids();
    process.kill(pid as number, 'SIGSTOP');
    const texts = Array.from({ length: 40 }, (_text, index) => [String(index).repeat(100_000)]);
    let written: Promise<unknown> = Promise.resolve();
    const sent = new Promise<void>((resolve) => {
      written = writer.run([bulkInsert('item', [{ name: 'a' }], texts)], resolve);
    });
    await within(patienceMs, sent, () => 'it waits');
    expect(count()).to.equal(1);
    process.kill(pid as number, 'SIGCONT');
    await written;
  });

  it('inserts what was packed before', async () => {
    const insert = bulkInsert('item', [{ name: 'a' }], [['packed']]);
    const packed = writer.prepare(insert);
    (insert.columns[0]?.values as string[])[0] = 'changed';
    await writer.run([run("INSERT INTO item (a) VALUES ('first')"), packed, packed, insert]);
    expect(count()).to.equal(4);
    await writer.run([run("DELETE FROM item WHERE a = 'packed'")]);
    expect(count()).to.equal(2);
  });

  it('moves rows from the log into the file when many are there, and not while somebody waits for their commit', async () => {
    const size = (): number => statSync(path).size;
    const empty = size();
    const rows = (count: number): Statement =>
      run(`INSERT INTO item (a) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
        SELECT printf('%.1000c', 'x') FROM n`);
    await writer.run([rows(15_000)]);
    await writer.run([add]);
    expect(size()).to.equal(empty);
    await writer.run([rows(5_000)]);
    await eventually('the rows in the file', () => size() > 20_000_000);
  });

  it('tells a fence that did not hold from an error, whose code it keeps', async () => {
    const fence = { ...run("UPDATE item SET a = 'y' WHERE id = 99"), fence: true };
    expect(await failure(writer.run([add, fence]))).to.be.instanceOf(FenceError);
    expect(await failure(writer.run([run('NONSENSE')]))).to.include({ code: 'SQLITE_ERROR' });
    expect(count()).to.equal(0);
    await writer.run([add]);
    expect(count()).to.equal(1);
  });

  it('is started again after it was killed, and what it was doing is not done', async () => {
    await writer.run([add]);
    const [pid] = await pids();
    const dying = [failure(writer.run([add, slow])), failure(writer.run([add]))];
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(pid!, 'SIGKILL');
    for (const error of dying) expect(await error).to.be.instanceOf(DatabaseUnreachableError);
    expect(count()).to.equal(1);
    await writer.run([add]);
    expect(count()).to.equal(2);
    expect(await pids()).not.to.include(pid);
  });

  it('is killed where it hangs, and started again', async () => {
    const clock = new FakeClock();
    const watched = new SqliteWriterProcess(path, { clock, timeoutMs: 3_000 });
    await watched.run([add]);
    const [pid] = await pids();
    process.kill(pid!, 'SIGSTOP');
    const hung = failure(watched.run([add]));
    await clock.advance(3_000);
    expect(await hung)
      .to.be.instanceOf(DatabaseUnreachableError)
      .with.property('message', 'the database writer did not answer within 3 s');
    await watched.run([add]);
    expect(count()).to.equal(2);
    await watched.close();
  });

  it('is not killed for what it has yet to do while it answers other scripts', async () => {
    const clock = new FakeClock();
    const watched = new SqliteWriterProcess(path, { clock, timeoutMs: 3_000 });
    await watched.run([add]);
    const [pid] = await pids();
    process.kill(pid!, 'SIGSTOP');
    const [first, second] = [watched.run([add]), watched.run([countTo(5_000_000)])];
    await clock.advance(2_000);
    process.kill(pid!, 'SIGCONT');
    await first;
    await clock.advance(2_000);
    await second;
    expect(count()).to.equal(3);
    await watched.close();
  });

  describe('while another program holds the lock', () => {
    let other: Sqlite.Database;
    let locked: SqliteWriterProcess;

    // By a clock in which no time passes nothing is given up by this process: it is the writer that ends its waits.
    const openWriter = async (options: { timeoutMs: number; urgentMs?: number }): Promise<void> => {
      locked = new SqliteWriterProcess(path, { clock: new FakeClock(), ...options });
      await locked.run([add]);
      other.exec('BEGIN IMMEDIATE');
    };
    beforeEach(() => (other = new Sqlite(path)));
    afterEach(async () => {
      if (other.inTransaction) other.exec('ROLLBACK');
      other.close();
      await locked.close();
    });

    it('says that it is locked before it would be taken for silent, and waits once for all of a request', async () => {
      await openWriter({ timeoutMs: 1_000 });
      const from = performance.now();
      const all = Array.from({ length: 36 }, () => failure(locked.run([add])));
      for (const error of await Promise.all(all)) expect(error).to.include({ code: 'SQLITE_BUSY' });
      // Five requests of 0.6 s each.
      expect(performance.now() - from).to.be.within(2_000, 15_000);
    });

    it('lets what is urgent by, tells of it after its own time, and does it no more later', async () => {
      await openWriter({ timeoutMs: patienceMs, urgentMs: 1_000 });
      let isDone = false;
      const adding = locked.run([add]).then(() => (isDone = true));
      expect(await failure(locked.urgent.run([add]))).to.include({ code: 'SQLITE_BUSY' });
      expect(isDone).to.equal(false);
      other.exec('COMMIT');
      await adding;
      expect(count()).to.equal(2);
    });

    it('does what it was sent in its order once the lock is free, though it is closed meanwhile', async () => {
      await openWriter({ timeoutMs: patienceMs });
      const all = ['a', 'b', 'c'].map((a) => locked.run([{ sql: 'INSERT INTO item (a) VALUES (?)', bindings: [a] }]));
      const ends = Promise.allSettled(all);
      const closed = locked.close();
      other.exec('COMMIT');
      await closed;
      await ends;
      expect(other.prepare("SELECT group_concat(a, '') AS all_of_them FROM item").get()).to.deep.equal({
        all_of_them: 'xabc',
      });
    });
  });

  it('ignores what a terminal or a container sends to a whole group', async () => {
    await writer.run([add]);
    const [pid] = await pids();
    process.kill(pid!, 'SIGINT');
    process.kill(pid!, 'SIGTERM');
    process.kill(pid!, 'SIGHUP');
    await writer.run([add]);
    expect(await pids()).to.deep.equal([pid]);
  });

  it('finishes what it was sent before it ends with its database, and is not started again', async () => {
    await writer.run([add]);
    const last = failure(writer.run([add]));
    await writer.close();
    await last;
    expect(await pids()).to.deep.equal([]);
    expect(await failure(writer.run([add]))).to.be.instanceOf(DatabaseUnreachableError);
    expect(await pids()).to.deep.equal([]);
    expect(count()).to.be.within(1, 2);
  });

  it('leaves nobody waiting when it is closed under a script', async () => {
    await writer.run([add]);
    const [first, second] = [failure(writer.run([slow])), failure(writer.run([add]))];
    await writer.close();
    await first;
    await second;
    await writer.close();
  });

  it('ends when its parent is killed', async () => {
    const program = new URL('../../../support/commit-loop.js', import.meta.url).pathname;
    const file = new Sqlite(path);
    file.exec('CREATE TABLE counter (id INTEGER PRIMARY KEY, value INTEGER); INSERT INTO counter VALUES (1, 0)');
    file.exec('DROP TABLE item; CREATE TABLE item (id INTEGER PRIMARY KEY, hash BLOB)');
    file.close();
    const parent = new Child(process.execPath, ['--import', import.meta.resolve('tsx'), program, `sqlite:${path}`]);
    await parent.output(/committed/);
    expect(await pids()).to.have.length(1);
    await parent.kill();
    await eventually('the writer is gone', async () => (await pids()).length === 0);
  });

  it('says so where the file is none', async () => {
    const nowhere = new SqliteWriterProcess(`${path}.missing`, { clock: systemClock, timeoutMs: patienceMs });
    expect(await failure(nowhere.run([add]))).to.include({ code: 'SQLITE_CANTOPEN' });
    await nowhere.close();
  });
});
