import { Scenario } from '../../test/support/scenario.js';
import type { Peer } from './peer.js';

/** This program as a person uses it, with its defaults. */
export function chainparse(database: Peer['database']): Peer {
  return {
    name: 'chainparse',
    database,
    rows: {
      table: 'event',
      blockNumber: 'block_number',
      value: database === 'SQLite' ? "args ->> '$.value'" : "(args::json ->> 'value')::numeric",
      row: (block, logIndex) => ({ pipeline_id: 45, block_number: block, log_index: logIndex }),
    },
    async prepare({ rpcUrl, databaseUrl, course }) {
      const source = { mode: 'historical', startBlock: 1, endBlock: course.blocks } as const;
      const scenario = await Scenario.begin(databaseUrl, rpcUrl, source, { CHAINPARSE_HEARTBEAT_INTERVAL: '30' });
      return () => scenario.run('--json', '--quiet');
    },
  };
}
