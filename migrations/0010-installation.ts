import type { Migration } from './schema.js';
import { createTable } from './table-changes.js';

const table = 'chainparse_installation';

/**
 * What belongs to this database and to no process, in one row: an id that no other has, and the time zone in which instants
 * are held. A database of an earlier version gets what is set when this runs.
 */
export const installation: Migration = {
  name: '0010-installation',
  async changes(schema) {
    const { knex, newId, timezone, types } = schema;
    const created = await createTable(schema, table, (builder) => {
      builder.specificType('id', types.small).notNullable().primary();
      builder.string('installation_id', 32).notNullable();
      builder.string('time_zone', 6).notNullable();
    });
    const row = { id: 1, installation_id: knex.raw(newId), time_zone: timezone };
    const insert = knex(table).insert(row).onConflict('id').ignore();
    return [...created, { text: `times are held in ${timezone}`, sql: insert.toQuery() }];
  },
};
