import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { Migrator } from '../../src/database/schema/migrator.js';
import { openDatabase } from '../../src/database/open-database.js';
import { makeOlderTables } from '../database/older-program.js';
import { eachDatabase } from '../support/databases.js';
import { projectRoot } from '../support/processes.js';

const page = readFileSync(join(projectRoot, 'docs/migrating.md'), 'utf8');
const ignore = (): void => undefined;

/** The statements of the page's blocks with this mark. */
function statements(mark: string): readonly string[] {
  const blocks = [...page.matchAll(/^```sql (\S+)\n(.*?)^```$/gms)].filter((block) => block[1] === mark);
  const sql = blocks.map((block) => (block[2] ?? '').replace(/--.*$/gm, '')).join('\n');
  return sql.split(';').flatMap((statement) => (statement.trim() === '' ? [] : [statement.trim()]));
}

/** Each table by its name: its columns, keys and indexes, in no order. */
type Tables = Readonly<Record<string, readonly string[]>>;

async function readTables({ knex, dialect }: Database): Promise<Tables> {
  const ask = async <T>(sql: string, values: string[] = []): Promise<T[]> => {
    const answer: unknown = await knex.raw(sql, values);
    return dialect.name === 'mysql' ? (answer as [T[]])[0] : (answer as T[]);
  };
  const inMysql = async (table: string): Promise<readonly string[]> => {
    const [made] = await ask<Record<string, string>>('SHOW CREATE TABLE ??', [table]);
    const text = (made?.['Create Table'] ?? '').replace(/ AUTO_INCREMENT=\d+/, '');
    return text.split('\n').map((line) => line.replace(/,$/, ''));
  };
  const inSqlite = async (table: string): Promise<readonly string[]> => {
    // What a key is needs no NOT NULL, and a default is the same in quotes.
    const columns = await ask<object>(
      `SELECT name, lower(type) AS type, pk, pk > 0 OR "notnull" AS required, trim(dflt_value, '''') AS fallback
       FROM pragma_table_info(?)`,
      [table],
    );
    const kind = await ask<object>('SELECT wr FROM pragma_table_list WHERE name = ?', [table]);
    const indexes = await ask<object>(
      `SELECT l.name, l."unique", group_concat(c.name) AS columns
       FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS c GROUP BY l.name`,
      [table],
    );
    return [...columns, ...kind, ...indexes].map((row) => JSON.stringify(row));
  };
  const isMysql = dialect.name === 'mysql';
  const all = isMysql
    ? 'SHOW TABLES'
    : "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'";
  const names = (await ask<Record<string, string>>(all)).flatMap((row) => Object.values(row));
  const texts = names.map(async (name) => [name, [...(await (isMysql ? inMysql : inSqlite)(name))].sort()] as const);
  return Object.fromEntries(await Promise.all(texts));
}

eachDatabase('docs/migrating.md', (databases) => {
  const mark = databases.dialect === 'sqlite' ? 'sqlite' : 'mysql';
  let byHand: Database;
  let migrated: Database;
  let untouched: Tables;

  const older = async (): Promise<Database> => {
    const database = await openDatabase(await databases.fresh(), { create: true });
    // Where a foreign key leans on an index, no server lets it go.
    const withoutKey = 'ALTER TABLE pipeline_task DROP FOREIGN KEY fk_task_pipeline, DROP INDEX fk_task_pipeline';
    const also = mark === 'mysql' ? [withoutKey] : [];
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

  it('takes all of it back by hand', async () => {
    await run(`${mark}-back`);
    expect(await readTables(byHand)).to.deep.equal(untouched);
  });
});
