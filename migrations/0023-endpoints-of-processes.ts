import type { Migration } from './schema.js';
import { addColumns } from './table-changes.js';

/**
 * Which process reports how an endpoint is: two in containers may have one name, `host:pid`, and each is judged by its own
 * endpoints. NULL where the system does not say, and in rows of older versions.
 */
export const endpointsOfProcesses: Migration = {
  name: '0023-endpoints-of-processes',
  changes(schema) {
    return addColumns(schema, 'rpc_endpoint', [{ name: 'worker_identity', type: schema.types.string(128) }]);
  },
};
