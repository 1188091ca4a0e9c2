import { expect } from 'chai';
import type { Database } from '../../../../src/database/database.js';
import { EventStore } from '../../../../src/database/events/event-store.js';
import type { EventFilter } from '../../../../src/database/events/event-store.js';
import { createDatabase, onPostgres } from '../../../support/databases.js';
import { openMigrated } from '../../../support/migrated-database.js';

onPostgres('a table of which PostgreSQL has no statistics yet', (server) => {
  let database: Database;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await createDatabase(server().url()));
    await database.knex.raw('ALTER TABLE event SET (autovacuum_enabled = false)');
    await database.knex.raw(
      `INSERT INTO event (pipeline_id, block_number, log_index, transaction_hash, chain_id, block_hash, block_timestamp,
         transaction_index, contract_address, event_name, event_signature, args)
       SELECT 45, n, 0, '\\x01', 1, '\\x02', n, 0, '\\x03', 'Transfer', 'Transfer()', repeat('{}', 100)
       FROM generate_series(1, 300000) AS n`,
    );
  });
  after(() => database.close());

  /** Returns how the server runs what is asked for a part of the events. */
  async function planOf(filter: Partial<EventFilter>): Promise<string> {
    const asked: { sql: string; bindings: readonly unknown[] }[] = [];
    const note = (query: (typeof asked)[number]): unknown => asked.push(query);
    database.knex.on('query', note);
    await new EventStore(database).part({ pipelineId: 45, ...filter }, { descending: true, limit: 10 });
    database.knex.removeListener('query', note);
    const { sql, bindings } = asked.at(-1)!;
    const { rows } = await database.knex.raw<{ rows: { 'QUERY PLAN': string }[] }>(`EXPLAIN ${sql}`, [
      ...bindings,
    ] as never);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  }

  for (const [what, filter] of [
    ['an event’s name', { event: 'Transfer' }],
    ['its signature', { event: 'Transfer()' }],
    ['a contract', { contracts: [`0x${'03'.repeat(20)}`] }],
  ] as const) {
    it(`is walked over in its own order for ${what}, not sorted as a whole`, async () => {
      expect(await planOf(filter))
        .to.match(/Index Scan Backward/)
        .and.not.to.match(/Sort/);
    });
  }
});
