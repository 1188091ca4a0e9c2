import type { Migration } from './schema.js';
import { addColumns, createIndex, createTable } from './table-changes.js';

/**
 * Names that are given once, and why a queued task waits. `name_key` is a digest of the name regardless of case; an older
 * program's rows, whose names may be the same, have none.
 */
export const namesAndWorkers: Migration = {
  name: '0011-names-and-workers',
  async changes(schema) {
    return [
      ...(await addColumns(schema, 'pipeline', [{ name: 'name_key', type: schema.types.digest(64) }])),
      ...(await createIndex(schema, 'pipeline', 'idx_pipeline_name_key', ['name_key'], { unique: true })),
      ...(await addColumns(schema, 'pipeline_task', [{ name: 'waiting_for', type: schema.types.text }])),
      ...(await createTable(schema, 'worker', (table) => {
        table.increments('id');
        table.string('name', 255).notNullable();
        table.specificType('create_time', schema.types.instant).notNullable();
        table.specificType('last_heartbeat', schema.types.instant).notNullable();
        table.specificType('end_time', schema.types.instant).nullable();
        table.double('heartbeat_interval').notNullable();
        table.integer('concurrency').notNullable();
        table.integer('running').notNullable();
      })),
    ];
  },
};
