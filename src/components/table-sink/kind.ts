import { normalize, resolve } from 'node:path';
import type { SinkKind, Surroundings } from '../seam/component.js';
import { describeSink, sinkConfigKeys } from '../keys/sink.js';
import type { TableSinkConfig } from './config.js';

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
  problems: async (config, events) => (await import('./plan-table.js')).tableProblems(config, events),
  fills: (config, surroundings) => ({ key: 'table', name: placeOf(config, surroundings) }),
  refusal: async (config, opening) => (await import('./table-owner.js')).tableRefusal(config, opening),
  open: async (config, opening) => {
    const { openTableSink } = await import('./table-sink.js');
    return openTableSink(config, opening);
  },
};

/** A name's case makes no difference to SQLite. */
function placeOf({ database, table }: TableSinkConfig, surroundings: Surroundings | null): string {
  const [, file] = /^sqlite:(?:\/\/)?(.+)$/i.exec(database ?? surroundings?.database ?? '') ?? [];
  if (file === undefined) return JSON.stringify([database, table]);
  const path = surroundings?.realPath(resolve(surroundings.workingFolder, file)) ?? normalize(file);
  return JSON.stringify([path, table.toLowerCase()]);
}
