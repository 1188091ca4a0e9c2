import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { Child } from '../support/child.js';
import { eachDatabase } from '../support/databases.js';
import { eventually } from '../support/within.js';
import { wordsOf } from '../support/table-words.js';
import { listOtherSessions } from './other-sessions.js';

const program = fileURLToPath(new URL('../support/commit-loop.ts', import.meta.url));
const count = { sql: 'UPDATE counter SET value = value + 1 WHERE id = 1', bindings: [] };

eachDatabase('a process that is frozen while it commits', (databases) => {
  let url: string;
  let database: Database;
  let writer: Child;

  before(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openDatabase(url, { create: true });
    await database.knex.raw('SELECT 1');
    await database.write([{ sql: 'CREATE TABLE counter (id INTEGER PRIMARY KEY, value INTEGER)', bindings: [] }]);
    await database.write([
      { sql: `CREATE TABLE item (id INTEGER PRIMARY KEY, hash ${wordsOf(database).bytes})`, bindings: [] },
    ]);
    await database.write([{ sql: 'INSERT INTO counter VALUES (1, 0)', bindings: [] }]);
    writer = new Child(process.execPath, ['--import', import.meta.resolve('tsx'), program, url]);
    await writer.output(/committed/);
  });
  after(async () => {
    await writer.kill();
    await database.close();
  });

  const commits = (): number => writer.stdout.split('\n').length;
  const oneMore = async (): Promise<void> => {
    const before = commits();
    await eventually('another commit', () => commits() > before);
  };

  it('holds nobody up, whenever it is frozen, and goes on when it wakes', async function () {
    this.timeout(60_000);
    for (let round = 0; round < 12; round++) {
      await oneMore();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      writer.signal('SIGSTOP');
      const frozenAt = performance.now();
      await database.write([count]);
      expect(performance.now() - frozenAt).to.be.below(1_500);
      writer.signal('SIGCONT');
    }
    await oneMore();
  });

  it('leaves whole commits and no process behind when it is killed', async function () {
    this.timeout(30_000);
    const { length } = await processesOn(url);
    expect(length).to.be.greaterThan(0);
    writer.signal('SIGSTOP');
    await writer.kill();
    await eventually('nobody is connected', async () => (await processesOn(url)).length === 0);
    const [row] = await database.read<{ rows: number }[]>((knex) => knex('item').count({ rows: '*' }));
    expect(row?.rows).to.equal(3_000);
  });

  /** The writer processes of a SQLite file; the other sessions of a server's database. */
  async function processesOn(of: string): Promise<readonly unknown[]> {
    if (databases.dialect !== 'sqlite') {
      const rows = await listOtherSessions(database);
      return rows.length > 0 || !writer.isRunning ? rows : [writer];
    }
    const list = await new Child('ps', ['-eo', 'pid,args']).exit();
    return list.stdout.split('\n').filter((line) => line.includes('sqlite-writer') && line.includes(of.slice(7)));
  }
});
