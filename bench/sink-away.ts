import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { openDatabase } from '../src/database/open/open-database.js';
import { freePort } from '../test/support/free-port.js';
import { Scenario } from '../test/support/scenario.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { eventually } from '../test/support/within.js';
import type { Benchmark } from './benchmark.js';
import { readUse } from './ingest-program.js';
import { startLogNode } from './start-log-node.js';

const logsPerBlock = 100;
const patienceMs = 600_000;

/** What a run took until its last event was stored. */
interface Stored {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** What it costs a run that nobody takes what it stores. */
export const sinkAway: Benchmark = {
  summary: 'history into SQLite above a receiver that is away: as fast as without one, and no memory for what waits',
  async run(options, report) {
    const blocks = Math.ceil(options.number('events', 1_000_000) / logsPerBlock);
    const url = await startLogNode(blocks, logsPerBlock);
    // Takes connections, and never answers.
    const silent = createServer().listen(0, '127.0.0.1');
    const ports = { refused: await freePort(), silent: (silent.address() as AddressInfo).port };
    const ratios: Record<string, { speed: number[]; memory: number[] }> = {};
    for (let round = 0; round < options.number('rounds', 3); round++) {
      const without = await store(url, blocks, null);
      report.note(`without a sink: ${inWords(without, blocks)}`);
      for (const [name, port] of Object.entries(ports)) {
        const away = await store(url, blocks, port);
        report.note(`${name}: ${inWords(away, blocks)}`);
        const { speed, memory } = (ratios[name] ??= { speed: [], memory: [] });
        speed.push(without.seconds / away.seconds);
        memory.push(away.peakMb - without.peakMb);
      }
    }
    silent.close();
    for (const [name, { speed, memory }] of Object.entries(ratios)) {
      report.atLeast(`${name}: events a second, beside those without a sink`, Math.max(...speed), 0.9);
      report.atMost(`${name}: the most memory beyond that without a sink`, Math.min(...memory), 50, ' MB');
    }
  },
};

/** Runs until all is stored, and then ends what waits for its sink. */
async function store(rpcUrl: string, blocks: number, port: number | null): Promise<Stored> {
  const databaseUrl = `sqlite:${temporaryFolder()}/ingest.db`;
  const hook = {
    name: 'hook',
    type: 'webhook_sink',
    url: '${HOOK_URL}',
    secret: '${HOOK_SECRET}',
    allow_private: true,
  };
  const scenario = await Scenario.begin(
    databaseUrl,
    rpcUrl,
    { mode: 'historical', startBlock: 1, endBlock: blocks, batchSize: 50, below: port === null ? [] : [hook] },
    { CHAINPARSE_HEARTBEAT_INTERVAL: '30', HOOK_URL: `http://127.0.0.1:${port ?? 0}/`, HOOK_SECRET: 'a secret' },
  );
  const database = await openDatabase(databaseUrl);
  const startedAt = performance.now();
  const run = scenario.run('--quiet');
  const use = { peakMb: 0, cpuSeconds: 0 };
  await eventually(
    'all is stored',
    async () => {
      const { mb, cpuSeconds } = readUse(run.pid);
      use.peakMb = Math.max(use.peakMb, mb);
      use.cpuSeconds = Math.max(use.cpuSeconds, cpuSeconds);
      const rows = await database.read<{ block_number: number | null }[]>((knex) => knex('pipeline_checkpoint'));
      return rows[0]?.block_number === blocks ? true : null;
    },
    patienceMs,
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  await database.close();
  await run.kill();
  return { seconds, ...use };
}

function inWords({ seconds, cpuSeconds, peakMb }: Stored, blocks: number): string {
  const events = blocks * logsPerBlock;
  const cost = `${((cpuSeconds * 1e6) / events).toFixed(1)} us of a processor an event`;
  return `${Math.round(events / seconds / 1_000)}k/s, ${cost}, ${Math.round(peakMb)} MB`;
}
