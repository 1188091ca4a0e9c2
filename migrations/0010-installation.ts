import type { Migration } from '../src/database/schema/schema.js';
import { createTable } from './table-changes.js';

/**
 * What belongs to this database and to no process, in one row: an id that no other has, and the time zone in which instants
 * are held. A database of an earlier version gets what is set when this runs.
 */
export const installation: Migration = {
  name: '0010-installation',
  async changes(schema) {
    const { isMysql, timezone } = schema;
    const created = await createTable(schema, 'chainparse_installation', (table) => {
      table
        .specificType('id', isMysql ? 'tinyint' : 'integer')
        .notNullable()
        .primary();
      table.string('installation_id', 32).notNullable();
      table.string('time_zone', 6).notNullable();
    });
    const id = isMysql ? "REPLACE(UUID(), '-', '')" : 'lower(hex(randomblob(16)))';
    const insert = `INSERT ${isMysql ? 'IGNORE' : 'OR IGNORE'} INTO chainparse_installation (id, installation_id, time_zone)`;
    return [...created, { text: `times are held in ${timezone}`, sql: `${insert} VALUES (1, ${id}, '${timezone}')` }];
  },
};
