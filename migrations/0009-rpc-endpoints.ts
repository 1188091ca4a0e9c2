import type { Migration } from './schema.js';
import { createTable } from './table-changes.js';

/**
 * How RPC endpoints are, by those who ask them. A run reports its own under a session of its own: of one endpoint two runs
 * may know different things. There are few rows: they go with their run, or some minutes after its last report.
 */
export const rpcEndpoints: Migration = {
  name: '0009-rpc-endpoints',
  async changes(schema) {
    return createTable(schema, 'rpc_endpoint', (table) => {
      table.string('session', 32).notNullable();
      table.string('name', 255).notNullable();
      table.bigInteger('chain_id').notNullable();
      table.string('worker', 255).notNullable();
      table.specificType('update_time', schema.types.instant).notNullable();
      table.string('state', 32).notNullable();
      table.double('head_ms').nullable();
      table.double('logs_ms').nullable();
      table.double('error_rate').notNullable();
      table.integer('in_flight').notNullable();
      table.integer('max_in_flight').nullable();
      table.double('max_per_second').nullable();
      table.bigInteger('newest_block').nullable();
      table.bigInteger('requests').notNullable();
      table.bigInteger('failures').notNullable();
      table.text('last_error').nullable();
      table.specificType('last_error_time', schema.types.instant).nullable();
      table.primary(['session', 'name']);
    });
  },
};
