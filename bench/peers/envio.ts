import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../test/support/child.js';
import { freePort } from '../../test/support/free-port.js';
import { simContract } from '../../test/support/simulated-chain.js';
import { installed, runTool } from './installed.js';
import { rowsById } from './peer.js';
import type { Peer } from './peer.js';

/** Envio's HyperIndex on PostgreSQL, by RPC alone and without Hasura. */
export const envio: Peer = {
  name: 'Envio 2.32.12',
  database: 'PostgreSQL',
  rows: rowsById('Transfer', '"blockNumber"', 'value', 'public'),
  async prepare({ rpcUrl, databaseUrl, course }) {
    const tools = await installed('envio');
    const folder = join(tools, 'project');
    const config = join(folder, 'config.yaml');
    const text = readFileSync(config, 'utf8')
      .replaceAll('PEER_RPC_URL', rpcUrl)
      .replaceAll('PEER_CONTRACT', simContract)
      .replaceAll('PEER_BLOCKS', String(course.blocks))
      .replaceAll('PEER_MAX_BLOCKS', String(course.maxBlocks));
    writeFileSync(config, text);
    const url = new URL(databaseUrl);
    const env = {
      ...{ ENVIO_HASURA: 'false', TUI_OFF: 'true', LOG_LEVEL: 'warn', LOG_STRATEGY: 'console-raw' },
      ...{
        ENVIO_PG_HOST: url.hostname,
        ENVIO_PG_PORT: url.port,
        ENVIO_PG_USER: url.username,
        ENVIO_PG_PASSWORD: url.password || 'none',
      },
      ...{ ENVIO_PG_DATABASE: url.pathname.slice(1), ENVIO_INDEXER_PORT: String(await freePort()) },
      PATH: `${join(tools, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`,
    };
    await runTool('envio', ['codegen'], folder, env);
    await runTool(
      process.execPath,
      ['-e', 'require("./src/db/Migrations.res.js").runUpMigrations(true, true)'],
      join(folder, 'generated'),
      env,
    );
    return () =>
      new Child(process.execPath, [join('generated', 'src', 'Index.res.js')], {
        cwd: folder,
        env: { ...process.env, ...env },
      });
  },
};
