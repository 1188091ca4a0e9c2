import type { Migration } from './schema.js';
import { createIndex, createTable } from './table-changes.js';

/**
 * How far each sink of a pipeline has delivered. `place` is where it stands in its pass, which names the versions and the
 * blocks between which it delivers; `sent_place` is the one that its receiver was told last. `needs_version`: the journal is
 * needed from there on. Rows of `base_version` up to `base_block` were there before the sink and are none of its affair.
 * `replay` counts what a person asked to be sent again, from `replay_from` on; `claim` is the checkpoint's when a holder took
 * the sink over. A message that its receiver refuses for good waits in `sink_dead_letter`.
 */
export const sinks: Migration = {
  name: '0014-sinks',
  async changes(schema) {
    const { types } = schema;
    return [
      ...(await createTable(schema, 'pipeline_sink', (table) => {
        table.bigInteger('pipeline_id').notNullable();
        table.string('name', 255).notNullable();
        table.string('type', 255).notNullable();
        table.specificType('paused', types.flag).notNullable().defaultTo(0);
        table.specificType('epoch', types.digest(32)).nullable();
        table.bigInteger('claim').notNullable().defaultTo(0);
        table.text('place').nullable();
        table.text('sent_place').nullable();
        table.bigInteger('needs_version').notNullable().defaultTo(0);
        table.bigInteger('base_version').notNullable().defaultTo(0);
        table.bigInteger('base_block').notNullable().defaultTo(-1);
        table.bigInteger('cursor_block').nullable();
        table.integer('replay').notNullable().defaultTo(0);
        table.bigInteger('replay_from').nullable();
        table.specificType('failing_since', types.instant).nullable();
        table.specificType('last_error', types.longText).nullable();
        table.specificType('last_error_time', types.instant).nullable();
        table.primary(['pipeline_id', 'name']);
      })),
      ...(await createTable(schema, 'sink_dead_letter', (table) => {
        table.increments('id');
        table.bigInteger('pipeline_id').notNullable();
        table.string('sink', 255).notNullable();
        table.string('event_id', 200).notNullable();
        table.string('op', 6).notNullable();
        table.bigInteger('seq').notNullable();
        table.text('place').notNullable();
        table.string('event_name', 255).notNullable();
        table.text('event_signature').notNullable();
        table.specificType('data', types.longText).notNullable();
        table.integer('attempts').notNullable();
        table.specificType('error', types.longText).notNullable();
        table.specificType('due', types.flag).notNullable().defaultTo(0);
        table.specificType('create_time', types.instant).notNullable();
      })),
      ...(await createIndex(
        schema,
        'sink_dead_letter',
        'idx_sink_dead_letter_message',
        ['pipeline_id', 'sink', 'event_id', 'seq'],
        { unique: true },
      )),
    ];
  },
};
