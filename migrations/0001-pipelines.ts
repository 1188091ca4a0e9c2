import type { Migration } from './schema.js';
import { addColumns, createIndex, createTable } from './table-changes.js';

/**
 * Pipelines, their components, and ABIs. An older program's `pipeline` stays as it is and gets the columns that it
 * lacks; components are rows of ours, with a JSON config that a run needs no other file for.
 */
export const pipelines: Migration = {
  name: '0001-pipelines',
  async changes(schema) {
    const { types } = schema;
    return [
      ...(await createTable(schema, 'pipeline', (table) => {
        table.increments('id');
        table.integer('classification_id').nullable();
        table.string('name', 255).notNullable();
        table.text('description').nullable();
        table.specificType('create_time', types.instant).nullable();
        table.specificType('update_time', types.instant).nullable();
        table.specificType('disabled', types.flag).notNullable().defaultTo(0);
        table.double('timeout_minutes').nullable();
      })),
      ...((await schema.hasTable('pipeline'))
        ? await addColumns(schema, 'pipeline', [
            { name: 'classification_id', type: types.integer },
            { name: 'description', type: types.text },
            { name: 'create_time', type: types.instant },
            { name: 'update_time', type: types.instant },
            { name: 'disabled', type: types.flag, default: '0' },
            { name: 'timeout_minutes', type: types.double },
          ])
        : []),
      ...(await createTable(schema, 'pipeline_component', (table) => {
        table.increments('id');
        table.bigInteger('pipeline_id').notNullable();
        table.integer('position').notNullable();
        table.string('name', 255).notNullable();
        table.string('type', 64).notNullable();
        table.specificType('config', types.longText).notNullable();
      })),
      // Not a part of the table's definition: Knex would send it behind the table, and a crash in between would lose it.
      ...(await createIndex(
        schema,
        'pipeline_component',
        'idx_pipeline_component_position',
        ['pipeline_id', 'position'],
        { unique: true },
      )),
      ...(await createTable(schema, 'contract_abi', (table) => {
        table.increments('id');
        table.string('name', 255).notNullable();
        table.specificType('abi', types.longText).notNullable();
        table.specificType('create_time', types.instant).notNullable();
      })),
    ];
  },
};
