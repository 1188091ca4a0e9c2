import { join } from 'node:path';
import { Child } from '../../test/support/child.js';
import { simContract } from '../../test/support/simulated-chain.js';
import { execute } from '../../test/support/execute-sql.js';
import { installed } from './installed.js';
import { rowsById } from './peer.js';
import type { Peer } from './peer.js';

/** What `squid-typeorm-migration generate` makes of the model. */
const table = `CREATE TABLE transfer (
  id varchar PRIMARY KEY, block_number int4 NOT NULL, block_timestamp int4 NOT NULL, block_hash text NOT NULL,
  transaction_hash text NOT NULL, transaction_index int4 NOT NULL, log_index int4 NOT NULL, contract text NOT NULL,
  sender text NOT NULL, receiver text NOT NULL, value numeric NOT NULL)`;

/** Subsquid's EVM processor with its TypeORM store on PostgreSQL, by RPC alone. */
export const subsquid: Peer = {
  name: 'Subsquid 1.27.3',
  database: 'PostgreSQL',
  rows: rowsById('transfer', 'block_number', 'value'),
  async prepare({ rpcUrl, databaseUrl, course }) {
    const folder = await installed('subsquid');
    await execute(databaseUrl, table);
    return () =>
      new Child(process.execPath, [join('lib', 'main.js')], {
        cwd: folder,
        env: {
          ...process.env,
          ...{
            DB_URL: databaseUrl,
            PEER_RPC_URL: rpcUrl,
            PEER_CONTRACT: simContract,
            PEER_BLOCKS: String(course.blocks),
          },
        },
      });
  },
};
