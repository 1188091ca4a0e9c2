import type { Migration } from './schema.js';
import { addColumns, createIndex, createTable } from './table-changes.js';

/**
 * What the HTTP API needs: a log of the calls that change something, the tree that pipelines are sorted into, and what a
 * queued task is to run with. The indexes find a page of tasks, by status or since some time, without a sort.
 */
export const api: Migration = {
  name: '0006-api',
  async changes(schema) {
    return [
      ...(await createTable(schema, 'audit_log', (table) => {
        table.increments('id');
        table.specificType('create_time', schema.types.instant).notNullable();
        table.string('actor', 64).notNullable();
        table.string('address', 64).notNullable();
        table.string('method', 8).notNullable();
        table.string('path', 1024).notNullable();
        table.integer('status').nullable();
        table.text('detail').nullable();
      })),
      ...(await createTable(schema, 'pipeline_classification', (table) => {
        table.increments('id');
        table.integer('parent_id').nullable();
        table.string('name', 255).notNullable();
        table.specificType('create_time', schema.types.instant).nullable();
        table.specificType('update_time', schema.types.instant).nullable();
      })),
      ...((await schema.hasTable('pipeline_classification'))
        ? await addColumns(schema, 'pipeline_classification', [
            { name: 'parent_id', type: schema.types.integer },
            { name: 'name', type: schema.types.string(255), default: "''" },
            { name: 'create_time', type: schema.types.instant },
            { name: 'update_time', type: schema.types.instant },
          ])
        : []),
      ...(await addColumns(schema, 'pipeline_task', [{ name: 'run_options', type: schema.types.text }])),
      ...(await createIndex(schema, 'pipeline_task', 'idx_pipeline_task_page', ['status', 'id'])),
      ...(await createIndex(schema, 'pipeline_task', 'idx_pipeline_task_created', ['create_time', 'id'])),
    ];
  },
};
