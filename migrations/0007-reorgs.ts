import type { Migration } from './schema.js';
import { createIndex, createTable } from './table-changes.js';

/**
 * When the chain was reorganised under a pipeline, and how deep: what the timeline of the dashboard shows. An index
 * finds those of the last hours.
 */
export const reorgs: Migration = {
  name: '0007-reorgs',
  async changes(schema) {
    return [
      ...(await createTable(schema, 'reorg', (table) => {
        table.increments('id');
        table.bigInteger('pipeline_id').notNullable();
        table.bigInteger('task_id').notNullable();
        table.specificType('create_time', schema.types.instant).notNullable();
        table.bigInteger('ancestor_block').notNullable();
        table.bigInteger('blocks').notNullable();
      })),
      ...(await createIndex(schema, 'reorg', 'idx_reorg_created', ['create_time'])),
    ];
  },
};
