import type { Knex } from 'knex';
import type { Migration, Schema } from './schema.js';
import { createTable } from './table-changes.js';

/**
 * Checkpoints, events, undecoded logs, and the remembered hashes of blocks that the chain may still replace. Rows lie in
 * the order in which they are read, by pipeline and block; hashes are bytes, for bytes are what an insert costs.
 */
export const events: Migration = {
  name: '0003-events',
  async changes(schema) {
    return [
      ...(await createTable(schema, 'pipeline_checkpoint', (table) => {
        table.bigInteger('pipeline_id').notNullable().primary();
        table.bigInteger('task_id').nullable();
        table.bigInteger('chain_id').nullable();
        table.bigInteger('start_block').nullable();
        table.bigInteger('block_number').nullable();
        table.specificType('block_hash', schema.types.bytes(32)).nullable();
        table.bigInteger('version').notNullable().defaultTo(0);
        table.specificType('update_time', schema.types.instant).nullable();
      })),
      ...(await createTable(
        schema,
        'event',
        (table) => {
          definePosition(schema, table);
          table.string('event_name', 255).notNullable();
          table.text('event_signature').notNullable();
          table.specificType('args', schema.types.longText).notNullable();
        },
        { clustered: true },
      )),
      ...(await createTable(
        schema,
        'undecoded_log',
        (table) => {
          definePosition(schema, table);
          table.string('reason', 32).notNullable();
          // Text: what a node sends need not be whole bytes, nor short, and is kept as it came.
          for (const name of ['topics', 'data']) {
            table.specificType(name, schema.types.longText).notNullable();
          }
        },
        { clustered: true },
      )),
      ...(await createTable(
        schema,
        'recent_block',
        (table) => {
          table.bigInteger('pipeline_id').notNullable();
          table.bigInteger('block_number').notNullable();
          table.specificType('block_hash', schema.types.bytes(32)).notNullable();
          table.primary(['pipeline_id', 'block_number']);
        },
        { clustered: true },
      )),
    ];
  },
};

/** The key has the transaction's hash, for some nodes number the logs of a block twice. */
function definePosition({ types }: Schema, table: Knex.CreateTableBuilder): void {
  table.bigInteger('pipeline_id').notNullable();
  table.bigInteger('block_number').notNullable();
  table.integer('log_index').notNullable();
  table.specificType('transaction_hash', types.bytes(32)).notNullable();
  table.bigInteger('chain_id').notNullable();
  table.specificType('block_hash', types.bytes(32)).notNullable();
  table.bigInteger('block_timestamp').notNullable();
  table.integer('transaction_index').notNullable();
  table.specificType('contract_address', types.bytes(20)).notNullable();
  table.primary(['pipeline_id', 'block_number', 'log_index', 'transaction_hash']);
}
