import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '../src/database/open/open-database.js';
import type { Database } from '../src/database/database.js';
import { Scenario } from '../test/support/scenario.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { Benchmark } from './benchmark.js';
import { startFarNode } from './far-history.js';

const logsPerBlock = 10;

interface Stretch {
  readonly blocks: number;
  readonly perSecond: number;
}

/** A history that several workers read, each with a key of its own, beside the same one that a single worker reads. */
export const shards: Benchmark = {
  summary:
    'history from nodes 100 ms away that allow each key so many requests a second: 4 workers with 4 shards, 3.5 times as fast as one',
  async run(options, report) {
    const count = options.number('shards', 4);
    const stretch = { blocks: options.number('blocks', 20_000), perSecond: options.number('rate', 25) };
    const one = await read(1, stretch);
    report.note(`one worker: ${one.seconds.toFixed(1)} s, at work after ${one.begunSeconds.toFixed(1)} s`);
    const several = await read(count, stretch);
    report.note(
      `${count} workers: ${several.seconds.toFixed(1)} s, all at work after ${several.begunSeconds.toFixed(1)} s`,
    );
    report.atLeast(`times as fast as one, with ${count} shards`, one.seconds / several.seconds, (3.5 * count) / 4);
  },
};

interface Read {
  /** From the start of the pipeline to the last block. */
  readonly seconds: number;
  /** From there until each worker had committed something. */
  readonly begunSeconds: number;
}

/** Has so many workers read it as so many shards. */
async function read(count: number, { blocks, perSecond }: Stretch): Promise<Read> {
  const url = `sqlite:${temporaryFolder()}/shards.db`;
  const traits = { blocks: blocks + 1_000, logsPerBlock, latencyMs: 100, maxBlocks: 10, inFlight: 0 };
  const nodes = await Promise.all(
    Array.from({ length: count }, () =>
      startFarNode({ ...traits, perSecond, isStated: true, isInHeaders: false, faults: 0 }),
    ),
  );
  const source = { mode: 'historical', startBlock: 1, endBlock: blocks, batchSize: 10, shards: count } as const;
  const scenario = await Scenario.begin(url, null, source, { CHAINPARSE_HEARTBEAT_INTERVAL: '30' });
  const database = await openDatabase(url);
  const workers = nodes.map((node) => scenario.in({ CHAIN_31337_RPC_URL: node }).start('worker', '--concurrency', '1'));
  try {
    await Promise.all(workers.map((worker) => worker.output(/runs queued tasks/, 30_000)));
    const since = performance.now();
    await scenario.chainparse('pipeline', 'start', '45');
    await untilSome(database, 1, (knex) => knex('pipeline_checkpoint').whereNotNull('block_number'));
    await untilSome(database, count - 1, (knex) => knex('pipeline_shard').where('version', '>', 0));
    const begunSeconds = (performance.now() - since) / 1_000;
    await untilSome(database, 1, (knex) => knex('pipeline_checkpoint').where('block_number', '>=', blocks));
    const seconds = (performance.now() - since) / 1_000;
    const [row] = await database.read<{ total: number }[]>((knex) => knex('event').count({ total: '*' }));
    if (row?.total !== blocks * logsPerBlock) throw new Error(`${String(row?.total)} events were stored`);
    return { seconds, begunSeconds };
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
    await database.close();
  }
}

async function untilSome(database: Database, count: number, which: Parameters<Database['read']>[0]): Promise<void> {
  while ((await database.read<object[]>(which)).length < count) await wait(50);
}
