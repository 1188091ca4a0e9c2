import type { Migration } from './schema.js';
import { addColumns, createIndex, createTable, renameColumns } from './table-changes.js';

/**
 * The journal: which version of a pipeline brought each event and took it away, so that whoever delivers can tell the rows
 * at any version. `event.added` is the version that stored a row; rows from before have the first one, 1, which is true of
 * every version from now on. What is taken away goes to `event_removed` where the pipeline has sinks
 * (`pipeline_checkpoint.keeps_removed`). A checkpoint's `claim` grows with each claim, its `epoch` is drawn when it is made.
 *
 * An older version must not commit past the journal: every statement with which it changes a pipeline's rows sets the
 * checkpoint's `block_hash` or compares its `chain_id`, which have other names from now on. They go first.
 */
export const journal: Migration = {
  name: '0012-journal',
  async changes(schema) {
    const { types } = schema;
    return [
      ...(await renameColumns(schema, 'pipeline_checkpoint', { chain_id: 'chain', block_hash: 'hash' })),
      ...(await addColumns(schema, 'pipeline_checkpoint', [
        { name: 'claim', type: 'bigint', default: '0' },
        { name: 'epoch', type: types.digest(32) },
        { name: 'keeps_removed', type: types.flag, default: '0' },
      ])),
      ...(await addColumns(schema, 'event', [{ name: 'added', type: 'bigint', default: '1' }])),
      ...(await createTable(
        schema,
        'pipeline_commit',
        (table) => {
          table.bigInteger('pipeline_id').notNullable();
          table.bigInteger('version').notNullable();
          table.string('kind', 8).notNullable();
          table.bigInteger('from_block').notNullable();
          table.bigInteger('to_block').notNullable();
          table.primary(['pipeline_id', 'version']);
        },
        { clustered: true },
      )),
      ...(await createTable(
        schema,
        'event_removed',
        (table) => {
          table.bigInteger('pipeline_id').notNullable();
          table.bigInteger('block_number').notNullable();
          table.integer('log_index').notNullable();
          table.specificType('transaction_hash', types.bytes(32)).notNullable();
          table.bigInteger('chain_id').notNullable();
          table.specificType('block_hash', types.bytes(32)).notNullable();
          table.bigInteger('block_timestamp').notNullable();
          table.integer('transaction_index').notNullable();
          table.specificType('contract_address', types.bytes(20)).notNullable();
          table.string('event_name', 255).notNullable();
          table.text('event_signature').notNullable();
          table.specificType('args', types.longText).notNullable();
          table.bigInteger('added').notNullable();
          table.bigInteger('removed').notNullable();
          table.primary(['pipeline_id', 'block_number', 'log_index', 'transaction_hash', 'removed']);
        },
        { clustered: true },
      )),
      ...(await createIndex(schema, 'event_removed', 'idx_event_removed_version', [
        'pipeline_id',
        'removed',
        'block_number',
      ])),
    ];
  },
};
