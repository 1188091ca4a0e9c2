import type { Migration } from './schema.js';
import { createIndex, createTable } from './table-changes.js';

/**
 * Alerts. While one stands its `open_key` (rule and subject) is taken, so that of many processes that find the same thing
 * wrong one raises it. The index of ended tasks tells at a glance how many of the latest timed out.
 */
export const alerts: Migration = {
  name: '0005-alerts',
  async changes(schema) {
    const made = await createTable(schema, 'alert', (table) => {
      table.increments('id');
      table.string('rule', 64).notNullable();
      table.string('subject', 255).notNullable();
      table.string('open_key', 320).nullable();
      table.text('message').notNullable();
      table.bigInteger('task_id').nullable();
      table.bigInteger('pipeline_id').nullable();
      table.text('details').nullable();
      table.string('worker', 255).nullable();
      table.specificType('create_time', schema.types.instant).notNullable();
      table.specificType('notify_time', schema.types.instant).notNullable();
      table.integer('notifications').notNullable().defaultTo(1);
      table.specificType('clear_time', schema.types.instant).nullable();
      table.string('cleared_by', 64).nullable();
    });
    return [
      ...made,
      ...(await createIndex(schema, 'alert', 'idx_alert_open', ['open_key'], { unique: true })),
      ...(await createIndex(schema, 'alert', 'idx_alert_subject', ['subject', 'rule'])),
      ...(await createIndex(schema, 'pipeline_task', 'idx_pipeline_task_ended', ['end_time', 'end_reason'], {
        nullsLow: true,
      })),
    ];
  },
};
