import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '../../src/database/open/open-database.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { freePort } from '../support/free-port.js';
import { Scenario } from '../support/scenario.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { whenRunning } from '../support/watched-runs.js';
import { writePast } from './past.js';

const names = new Map([
  [45, 'usdc-transfers'],
  [46, 'weth-deposits'],
  [47, 'uniswap-v3-swaps'],
  [48, 'governance-votes'],
  [49, 'stablecoin-history'],
]);

/** Those that run. */
const running = [45, 46, 47, 48];

/** A live system as the dashboard shows it: four runs, one of which is frozen, a monitor, and a day that has passed. */
export interface Stage {
  /** Of the dashboard. */
  readonly port: number;
  /** Freezes the last of the runs. */
  freeze(): void;
  end(): Promise<void>;
}

/** Sets the stage, and lets it run for some minutes, so that there is something to draw. */
export async function setStage(minutes: number): Promise<Stage> {
  const node = await ChainSimulator.start({}, { finalizedDistance: 60 });
  node.mine(80);
  let seconds = 0;
  const mining = setInterval(() => node.mine(1, () => Array.from({ length: 2 + (seconds++ % 3) }, () => ({}))), 1_000);
  const settings = { CHAINPARSE_TASK_TIMEOUT: '2', CHAINPARSE_LANG: 'en', CHAINPARSE_HEARTBEAT_INTERVAL: '2' };
  const url = `sqlite:${temporaryFolder()}/stage.db`;
  const scenario = await Scenario.begin(url, node.url, { mode: 'realtime' }, settings);
  const definition = JSON.parse(readFileSync(join(scenario.folder, 'pipeline.json'), 'utf8')) as object;
  for (const [id, name] of names) {
    writeFileSync(join(scenario.folder, `${name}.json`), JSON.stringify({ ...definition, name }));
    const how = id === 45 ? ['--update'] : []; // the scenario's own
    await scenario.chainparse('pipeline', 'import', `${name}.json`, '--id', String(id), ...how);
  }
  const database = await openDatabase(url);
  await writePast(database);
  await database.close();
  const spare = `http://127.0.0.1:${await freePort()}`;
  const runs: Child[] = [];
  for (const id of running) {
    runs.push(scenario.start('run-pipeline', String(id), '--rpc-url', node.wsUrl, '--rpc-url', spare));
    await whenRunning(runs.slice(-1));
  }
  const port = await freePort();
  const others = [scenario.start('monitor', '--interval', '5'), scenario.start('serve', '--port', String(port))];
  await wait(minutes * 60_000);
  return {
    port,
    freeze: () => runs.at(-1)?.signal('SIGSTOP'),
    end: async () => {
      clearInterval(mining);
      await Promise.all([...runs, ...others].map((child) => child.kill()));
      await node.stop();
    },
  };
}
