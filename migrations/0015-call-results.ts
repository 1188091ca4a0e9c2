import type { Migration } from './schema.js';
import { createIndex, createTable } from './table-changes.js';

/**
 * What contracts answered to calls: so that a remove repeats its insert's data, and what never changes is asked once for ever
 * (`pipeline_id` and `block_number` are 0 then, for it serves every pipeline). `call_key` is a digest of all that tells a call from others.
 */
export const callResults: Migration = {
  name: '0015-call-results',
  async changes(schema) {
    const { types } = schema;
    return [
      ...(await createTable(
        schema,
        'call_result',
        (table) => {
          table.specificType('call_key', types.bytes(32)).notNullable();
          table.bigInteger('pipeline_id').notNullable();
          table.bigInteger('chain_id').notNullable();
          table.bigInteger('block_number').notNullable();
          table.specificType('target', types.bytes(20)).notNullable();
          table.specificType('call_data', types.longText).notNullable();
          table.string('outcome', 8).notNullable();
          table.specificType('result', types.longText).nullable();
          table.primary(['call_key']);
        },
        { clustered: true },
      )),
      ...(await createIndex(schema, 'call_result', 'idx_call_result_pipeline', ['pipeline_id', 'block_number'])),
    ];
  },
};
