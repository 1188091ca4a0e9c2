import type { Migration } from './schema.js';
import { createTable } from './table-changes.js';

/**
 * Files that a sink is about to write, noted by who holds the pipeline before anything is: from block, to block, and which
 * writing of these blocks it is. What its manifest then does not name was not finished.
 */
export const sinkFiles: Migration = {
  name: '0016-sink-files',
  changes: (schema) =>
    createTable(schema, 'sink_file', (table) => {
      table.bigInteger('pipeline_id').notNullable();
      table.string('sink', 255).notNullable();
      table.string('file_name', 255).notNullable();
      table.bigInteger('from_block').notNullable();
      table.bigInteger('to_block').notNullable();
      table.bigInteger('generation').notNullable();
      table.bigInteger('claim').notNullable();
      table.primary(['pipeline_id', 'sink', 'file_name']);
    }),
};
