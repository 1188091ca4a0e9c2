import type { Migration } from './schema.js';
import { createIndex, createTable } from './table-changes.js';

/**
 * What people want of pipelines. `next_start` is set only while a task is yet to be queued, so that few rows lie where what
 * is due is looked for. `judged_task_id` and `judged_version` are the task whose end was judged last, and the checkpoint's
 * version then: a higher one at the next end says that blocks were committed in between.
 */
export const wanted: Migration = {
  name: '0018-wanted',
  async changes(schema) {
    const { types } = schema;
    return [
      ...(await createTable(schema, 'pipeline_wanted', (table) => {
        table.bigInteger('pipeline_id').notNullable();
        table.string('state', 16).notNullable();
        table.specificType('since', types.instant).notNullable();
        table.integer('failures').notNullable().defaultTo(0);
        table.specificType('next_start', types.instant).nullable();
        table.text('held_reason').nullable();
        table.bigInteger('judged_task_id').nullable();
        table.bigInteger('judged_version').nullable();
        table.primary(['pipeline_id']);
      })),
      ...(await createIndex(schema, 'pipeline_wanted', 'idx_pipeline_wanted_next', ['state', 'next_start'])),
    ];
  },
};
