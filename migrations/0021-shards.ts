import type { Migration } from './schema.js';
import { addColumns, createTable } from './table-changes.js';

/**
 * Stretches of a pipeline's history that other tasks read. A row is such a task's checkpoint, and names the one that holds
 * it. Its events have the version `added`, which the pipeline's checkpoint takes when the stretch joins it: until then it is
 * higher than any that a reader knows. `after_block` is the last block before the stretch, `block_number` the last one that
 * has been read. `pipeline_task.shard` is 0 for a pipeline's own tasks.
 */
export const shards: Migration = {
  name: '0021-shards',
  async changes(schema) {
    const { types } = schema;
    return [
      ...(await addColumns(schema, 'pipeline_task', [{ name: 'shard', type: 'integer', default: '0' }])),
      ...(await createTable(
        schema,
        'pipeline_shard',
        (table) => {
          table.bigInteger('pipeline_id').notNullable();
          table.integer('shard').notNullable();
          table.bigInteger('chain').notNullable();
          table.specificType('definition', types.digest(64)).notNullable();
          table.bigInteger('after_block').notNullable();
          table.specificType('after_hash', types.bytes(32)).notNullable();
          table.bigInteger('to_block').notNullable();
          table.bigInteger('added').notNullable();
          table.bigInteger('task_id').nullable();
          table.bigInteger('block_number').notNullable();
          table.specificType('hash', types.bytes(32)).notNullable();
          table.bigInteger('events').notNullable().defaultTo(0);
          table.bigInteger('version').notNullable().defaultTo(0);
          table.specificType('dropped', types.flag).notNullable().defaultTo(0);
          table.specificType('update_time', types.instant).nullable();
          table.primary(['pipeline_id', 'shard']);
        },
        { clustered: true },
      )),
    ];
  },
  async mustStay(schema) {
    if (!(await schema.hasTable('pipeline_shard'))) return null;
    const rows = await schema.ask<{ pipeline_id: number }>('SELECT DISTINCT pipeline_id FROM pipeline_shard');
    if (rows.length === 0) return null;
    const ids = rows.map(({ pipeline_id: id }) => id).join(', ');
    return `shards of pipeline ${ids} have read blocks that an older version would not deliver: let them join, or rewind it`;
  },
};
