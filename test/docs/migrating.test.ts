import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { ClassificationStore } from '../../src/database/pipelines/classification-store.js';
import { Migrator } from '../../src/database/schema/migrator.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { makeOlderTables } from '../database/older-program.js';
import { readTables } from '../database/read-tables.js';
import type { Tables } from '../database/read-tables.js';
import { eachDatabase } from '../support/databases.js';
import { projectRoot } from '../support/processes.js';
import { wordsOf } from '../support/table-words.js';

const page = readFileSync(join(projectRoot, 'docs/migrating.md'), 'utf8');
const ignore = (): void => undefined;

/** The statements of the page's blocks with this mark. */
function statements(mark: string): readonly string[] {
  const blocks = [...page.matchAll(/^```sql (\S+)\n(.*?)^```$/gms)].filter((block) => block[1] === mark);
  const sql = blocks.map((block) => (block[2] ?? '').replace(/--.*$/gm, '')).join('\n');
  return sql.split(';').flatMap((statement) => (statement.trim() === '' ? [] : [statement.trim()]));
}

eachDatabase('docs/migrating.md', (databases) => {
  const mark = databases.dialect === 'mariadb' ? 'mysql' : databases.dialect;
  let byHand: Database;
  let migrated: Database;
  let untouched: Tables;

  const older = async (more: readonly string[] = []): Promise<Database> => {
    const database = await openDatabase(await databases.fresh(), { create: true });
    // Where a foreign key leans on an index, no server lets it go.
    const withoutKey = 'ALTER TABLE pipeline_task DROP FOREIGN KEY fk_task_pipeline, DROP INDEX fk_task_pipeline';
    const also = [...(mark === 'mysql' ? [withoutKey] : []), ...more];
    await makeOlderTables(database, { rows: 500, also });
    return database;
  };
  const run = async (which: string): Promise<void> => {
    for (const statement of statements(which)) await byHand.knex.raw(statement);
  };

  before(async function () {
    this.timeout(60_000);
    [byHand, migrated] = [await older(), await older()];
    untouched = await readTables(byHand);
    await new Migrator(migrated).up(ignore);
    await run(mark);
  });
  after(async () => {
    await byHand.close();
    await migrated.close();
  });

  it('makes by hand what migrate makes, and leaves nothing to it', async () => {
    expect(await readTables(byHand)).to.deep.equal(await readTables(migrated));
    expect(await new Migrator(byHand).up(ignore)).to.deep.equal([]);
  });

  it('names every column and index that an older table gets', async () => {
    const text = page.slice(0, page.indexOf('## Check before and after'));
    const now = await readTables(migrated);
    for (const table of ['pipeline', 'pipeline_task']) {
      const added = (now[table] ?? []).filter((line) => untouched[table]?.includes(line) === false);
      const names = added.map(
        (line) => /^ *(?:(?:UNIQUE )?KEY )?`(\w+)`/.exec(line)?.[1] ?? /"name":"(\w+)"/.exec(line)?.[1],
      );
      expect(names).not.to.deep.equal([]);
      for (const name of names) expect(text).to.contain(`\`${name}`);
    }
  });

  const classifications = { 'three columns': ['name VARCHAR(100) NOT NULL', 'parent_id INT'], 'a key alone': [] };
  for (const [what, columns] of Object.entries(classifications)) {
    it(`gives an older pipeline_classification of ${what} what migrate gives it, and takes that back`, async function () {
      this.timeout(60_000);
      const table = `CREATE TABLE pipeline_classification (${[`id ${wordsOf(byHand).id}`, ...columns].join(', ')})`;
      const [own, other] = [await older([table]), await older([table])];
      const runBut = async (which: string, leftOut: (statement: string) => boolean): Promise<void> => {
        for (const statement of statements(which)) if (!leftOut(statement)) await own.knex.raw(statement);
      };
      const isThere = (statement: string): boolean =>
        columns.some((column) => statement.includes(` COLUMN ${column.split(' ', 1)[0]}`));
      try {
        const before = await readTables(own);
        await new Migrator(other).up(ignore);
        await runBut(`${mark}-classification`, isThere);
        await runBut(mark, (statement) => statement.startsWith('CREATE TABLE pipeline_classification'));
        expect(await readTables(own)).to.deep.equal(await readTables(other));
        expect(await new ClassificationStore(own).list()).to.deep.equal([]);
        await runBut('classification-back', isThere);
        await runBut(`${mark}-back`, (statement) => statement === 'DROP TABLE pipeline_classification');
        expect(await readTables(own)).to.deep.equal(before);
      } finally {
        await own.close();
        await other.close();
      }
    });
  }

  it('takes all of it back by hand', async () => {
    await run(`${mark}-back`);
    expect(await readTables(byHand)).to.deep.equal(untouched);
  });
});
