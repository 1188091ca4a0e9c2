import { normalize, resolve } from 'node:path';
import { sqlitePath } from '../../runtime/database-urls.js';
import type { SinkKind, Surroundings } from '../seam/component.js';
import { describeSink, sinkConfigKeys } from '../keys/sink.js';
import { areSet, withVariables } from '../seam/variables.js';
import type { TableSinkConfig } from './schema.js';

/** The sink that keeps a table of an SQL database equal to the events. */
export const tableSink: SinkKind<TableSinkConfig> = {
  type: 'table_sink',
  role: 'sink',
  schema: async () => (await import('./schema.js')).tableSinkSchema,
  keys: sinkConfigKeys,
  rows: ({ database, table, indexes }) => [
    ['table', table],
    ['database', database ?? "the pipeline's own"],
    ['indexes', indexes.length === 0 ? null : indexes.map((index) => index.join(', ')).join('; ')],
  ],
  describe: describeSink,
  problems: async (config, events, surroundings) => {
    const [{ tableProblems }, { databaseKindOf }] = await Promise.all([
      import('./plan-table.js'),
      import('../../database/open/database-url.js'),
    ]);
    return tableProblems(config, events, databaseKindOf(urlOf(config, surroundings)));
  },
  fills: (config, surroundings) => ({ key: 'table', name: placeOf(config, surroundings) }),
  refusal: async (config, opening) => (await import('./table-owner.js')).tableRefusal(config, opening),
  open: async (config, opening) => {
    const { openTableSink } = await import('./table-sink.js');
    return openTableSink(config, opening);
  },
};

/** Returns the URL of its database, as far as it is known before a run. */
function urlOf({ database }: TableSinkConfig, surroundings: Surroundings | null): string {
  if (database === undefined) return surroundings?.database ?? '';
  const isKnown = surroundings !== null && areSet({ database }, surroundings.variables);
  return isKnown ? withVariables({ database }, surroundings.variables).database : database;
}

/** A name's case makes no difference to SQLite. */
function placeOf({ database, table }: TableSinkConfig, surroundings: Surroundings | null): string {
  const file = sqlitePath(database ?? surroundings?.database ?? '');
  if (file === null) return JSON.stringify([database, table]);
  const path = surroundings?.realPath(resolve(surroundings.workingFolder, file)) ?? normalize(file);
  return JSON.stringify([path, table.toLowerCase()]);
}
