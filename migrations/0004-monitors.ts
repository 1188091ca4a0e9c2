import type { Migration } from './schema.js';
import { createTable } from './table-changes.js';

/** Timeout monitors, one a row, with a heartbeat of their own: who watches the watchers can see whether one is alive. */
export const monitors: Migration = {
  name: '0004-monitors',
  async changes(schema) {
    return createTable(schema, 'monitor', (table) => {
      table.increments('id');
      table.string('name', 255).notNullable();
      table.specificType('create_time', schema.types.instant).notNullable();
      table.specificType('last_heartbeat', schema.types.instant).notNullable();
      table.specificType('end_time', schema.types.instant).nullable();
      table.double('check_interval').notNullable();
      table.bigInteger('checks').notNullable().defaultTo(0);
      table.bigInteger('timed_out').notNullable().defaultTo(0);
      table.specificType('last_check_time', schema.types.instant).nullable();
      table.text('waiting').nullable();
    });
  },
};
