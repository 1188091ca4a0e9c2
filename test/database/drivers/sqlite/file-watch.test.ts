import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { FileWatch } from '../../../../src/database/drivers/sqlite/file-watch.js';
import { prepareSqlite } from '../../../../src/database/drivers/sqlite/sqlite-script-runner.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const longest = 256 * 1_048_576;

describe('the write-ahead log of a SQLite file', () => {
  it('is warned of once while a reader keeps it beyond 256 MB, and shrinks when the reader has ended', async () => {
    const path = join(temporaryFolder(), 'chainparse.db');
    const writer = prepareSqlite(new Sqlite(path));
    writer.exec('CREATE TABLE blobs (blob BLOB); CREATE TABLE few (id INTEGER)');
    const warnings: string[] = [];
    const clock = new FakeClock();
    const watch = new FileWatch(path, clock, (text) => warnings.push(text));
    const look = async (): Promise<readonly string[]> => {
      await clock.advance(1_000);
      watch.look();
      return warnings.splice(0);
    };
    const reader = new Sqlite(path, { readonly: true });
    const rows = reader.prepare('SELECT 1 FROM sqlite_master').iterate();
    rows.next();

    expect(await look()).to.deep.equal([]);
    while (statSync(`${path}-wal`).size <= longest) writer.exec('INSERT INTO blobs VALUES (zeroblob(16777216))');

    expect(await look()).to.deep.equal([
      `${path}-wal has 257 MB, because a process keeps a read of the database open: end that process ` +
        `(fuser -v ${path} lists all that use it), or the log grows until the disk is full`,
    ]);
    writer.exec('INSERT INTO few VALUES (1)');
    expect(await look(), 'once').to.deep.equal([]);

    rows.return?.();
    writer.pragma('wal_checkpoint(PASSIVE)');
    writer.exec('INSERT INTO few VALUES (2)');
    expect(statSync(`${path}-wal`).size).to.be.at.most(64 * 1_048_576);
    expect(await look()).to.deep.equal([]);
    watch.close();
    reader.close();
    writer.close();
  });
});
