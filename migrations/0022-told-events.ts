import type { Migration } from './schema.js';
import { addColumns } from './table-changes.js';

/**
 * Of which events a sink may have been told since it began, whatever its definition says by now: what the chain takes back of
 * them is told. A list of names and signatures as JSON, empty: of all; NULL: of those that its definition names.
 */
export const toldEvents: Migration = {
  name: '0022-told-events',
  changes(schema) {
    return addColumns(schema, 'pipeline_sink', [{ name: 'told_events', type: schema.types.text }]);
  },
};
