import type { Migration } from './schema.js';
import { addColumns, createTable } from './table-changes.js';

/**
 * Since when what an alert says is so, so that its text is current when it is read; `quiet` says that a mute has kept it from
 * being told, which is made up for when the mute ends. Endpoints tell since when they give no answer.
 */
export const alertsThatStand: Migration = {
  name: '0020-alerts-that-stand',
  async changes(schema) {
    const { types } = schema;
    return [
      ...(await addColumns(schema, 'alert', [
        { name: 'since', type: types.instant },
        { name: 'quiet', type: types.small },
      ])),
      ...(await addColumns(schema, 'rpc_endpoint', [{ name: 'mute_since', type: types.instant }])),
      ...(await createTable(schema, 'alert_mute', (table) => {
        table.increments('id');
        table.string('rule', 64).nullable();
        table.string('subject', 255).nullable();
        table.bigInteger('pipeline_id').nullable();
        table.specificType('create_time', types.instant).notNullable();
        table.specificType('until_time', types.instant).notNullable();
        table.string('created_by', 255).nullable();
      })),
    ];
  },
};
