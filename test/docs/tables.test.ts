import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../src/database/database.js';
import { SinkStore } from '../../src/database/sinks/sink-store.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { projectRoot } from '../support/processes.js';
import { makeEvent, makeUndecoded, storeLogs } from '../support/stored-logs.js';

const servers = 'MySQL and MariaDB';
const names = { sqlite: 'SQLite', mysql: servers, mariadb: servers, postgres: 'PostgreSQL' } as const;
const anyName = `(${[...new Set(Object.values(names))].join('|')})`;

/** The SQL of a page by the database that it is for, as the heading above it or a comment in it says: null for any. */
function statementsOf(page: string): readonly { readonly on: string | null; readonly sql: string }[] {
  const text = readFileSync(join(projectRoot, 'docs', page), 'utf8');
  return text.split(/^#+ /m).flatMap((section) => {
    const ofHeading = new RegExp(`^.*${anyName}$`).exec(section.split('\n', 1)[0] ?? '')?.[1] ?? null;
    return [...section.matchAll(/^```sql\n([^]*?)^```/gm)].flatMap(([, block = '']) => {
      const parts = block.split(new RegExp(`^-- ${anyName}$`, 'm'));
      return parts.flatMap((part, i) =>
        i % 2 === 1 ? [] : split(part).map((sql) => ({ on: i === 0 ? ofHeading : parts[i - 1]!, sql })),
      );
    });
  });
}

function split(block: string): readonly string[] {
  const withoutComments = block.replaceAll(/(^|\s)--.*$/gm, '');
  return withoutComments
    .split(';')
    .map((sql) => sql.trim())
    .filter((sql) => sql !== '');
}

/** The rows of a SELECT, as each driver gives them. */
function rowsOf(dialect: keyof typeof names, answer: unknown): readonly unknown[] {
  if (dialect === 'sqlite') return answer as unknown[];
  return dialect === 'postgres' ? (answer as { rows: unknown[] }).rows : (answer as [unknown[]])[0];
}

eachDatabase('the SQL of the page on tables', (databases) => {
  let database: Database;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    await storeLogs(database, 45, { events: [makeEvent({ blockNumber: 1, eventName: 'Transfer' })] });
    await new SinkStore(database).setPaused(45, { name: 'hook', type: 'webhook_sink' }, true);
    const { knex, dialect } = database;
    const wanted = { pipeline_id: 47, state: 'started', since: dialect.now(knex), held_reason: 'the wrong chain' };
    await database.write([knex('pipeline_wanted').insert(wanted)]);
    await storeLogs(database, 46, { undecoded: [makeUndecoded({ blockNumber: 1 })] });
  });
  after(() => database.close());

  const ours = names[databases.dialect];
  const statements = statementsOf('tables.md').filter(({ on }) => on === null || on === ours);

  for (const { sql } of statements) {
    const title = sql.replaceAll(/\s+/g, ' ').slice(0, 100);
    it(`runs: ${title}`, async () => {
      const answer: unknown = await database.knex.raw(sql.replaceAll('?', '\\?'));
      if (!/^SELECT/i.test(sql) || /x'?894bde1e|FROM alert/i.test(sql)) return;
      expect(rowsOf(databases.dialect, answer), sql).to.have.length.greaterThan(0);
    });
  }

  it('is there', () => {
    expect(statements).to.have.length.greaterThan(6);
  });
});
