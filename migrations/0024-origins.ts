import type { Migration } from './schema.js';
import { addColumns } from './table-changes.js';

/** Who stored a definition: `cli` or `api`. NULL in rows of older versions, which count as the command line's. */
export const origins: Migration = {
  name: '0024-origins',
  changes(schema) {
    return addColumns(schema, 'pipeline', [{ name: 'origin', type: schema.types.string(8) }]);
  },
  async mustStay(schema) {
    const columns = await schema.columns('pipeline');
    if (!columns.has('origin')) return null;
    const rows = await schema.ask<{ id: number }>("SELECT id FROM pipeline WHERE origin = 'api' ORDER BY id");
    if (rows.length === 0) return null;
    const ids = rows.map(({ id }) => id).join(', ');
    return `an older version would trust the definition of pipeline ${ids}, stored by the API, as the command line's: import it by the command line, or delete it`;
  },
};
