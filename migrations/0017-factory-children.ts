import type { Migration } from './schema.js';
import { createIndex, createTable } from './table-changes.js';

/**
 * Which contracts a pipeline's factory has announced, since which block, and what is yet to be read of the blocks before
 * (`earlier_from` to `earlier_to`); `first_block` is the first one below `since` of which a child has rows. `factory_scan` says
 * up to which block all announcements are known, and of which factory: another definition begins anew.
 */
export const factoryChildren: Migration = {
  name: '0017-factory-children',
  async changes(schema) {
    const { types } = schema;
    return [
      ...(await createTable(
        schema,
        'factory_child',
        (table) => {
          table.bigInteger('pipeline_id').notNullable();
          table.integer('level').notNullable();
          table.specificType('address', types.bytes(20)).notNullable();
          table.bigInteger('since').notNullable();
          table.bigInteger('earlier_from').nullable();
          table.bigInteger('earlier_to').nullable();
          table.bigInteger('first_block').nullable();
          table.primary(['pipeline_id', 'level', 'address']);
        },
        { clustered: true },
      )),
      ...(await createIndex(schema, 'factory_child', 'idx_factory_child_since', ['pipeline_id', 'since'])),
      ...(await createTable(
        schema,
        'factory_scan',
        (table) => {
          table.bigInteger('pipeline_id').notNullable();
          table.specificType('definition', types.digest(64)).notNullable();
          table.bigInteger('known_to').notNullable();
          table.primary(['pipeline_id']);
        },
        { clustered: true },
      )),
    ];
  },
};
