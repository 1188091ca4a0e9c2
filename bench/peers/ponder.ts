import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.js';
import { Child } from '../../test/support/child.js';
import { simContract } from '../../test/support/simulated-chain.js';
import { installed } from './installed.js';
import { rowsById } from './peer.js';
import type { Peer } from './peer.js';

/** Ponder, on PostgreSQL, as it runs in production: `ponder start`. */
export const ponder: Peer = {
  name: 'Ponder 0.16.10',
  database: 'PostgreSQL',
  rows: rowsById('transfer', 'block_number', 'value', 'peer'),
  async prepare({ rpcUrl, databaseUrl, course }) {
    const folder = await installed('ponder');
    const port = await freePort();
    return () =>
      new Child(
        process.execPath,
        [
          join('node_modules', 'ponder', 'dist', 'esm', 'bin', 'ponder.js'),
          'start',
          '--schema',
          'peer',
          '--port',
          String(port),
          '--hostname',
          '127.0.0.1',
        ],
        {
          cwd: folder,
          env: {
            ...process.env,
            ...{ NODE_ENV: 'production', DATABASE_URL: databaseUrl, PONDER_TELEMETRY_DISABLED: '1', CI: '1' },
            ...{ PEER_RPC_URL: rpcUrl, PEER_CONTRACT: simContract },
            ...{ PEER_BLOCKS: String(course.blocks), PEER_MAX_BLOCKS: String(course.maxBlocks) },
          },
        },
      );
  },
};
