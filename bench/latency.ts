import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { on } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../test/support/at-end.js';
import { createDatabase } from '../test/support/databases.js';
import { Scenario } from '../test/support/scenario.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { BenchOptions, Benchmark, Report } from './benchmark.js';
import { startDurableServer } from './durable-server.js';
import type { LatencyNews } from './latency-node.js';
import { watchRows } from './row-watch.js';
import type { RowWatch } from './row-watch.js';

/** What appears before a run has found its rhythm is not counted. */
const warmUpBlocks = 15;
const longestMs = 60_000;

/** From the moment at which the node has a new block to the moment at which another connection sees its rows. */
export const latency: Benchmark = {
  summary:
    'a new block to its committed rows: 10 and 40 ms into SQLite, 15 and 60 ms into MariaDB; by polling in its rhythm',
  async run(options, report) {
    const { server } = await startDurableServer();
    const blockMs = options.number('block-ms', 1_000);
    const pollMs = options.number('poll-ms', 1_000);
    const sqlite = (): Promise<string> => Promise.resolve(`sqlite:${temporaryFolder()}/latency.db`);
    const mariadb = (): Promise<string> => createDatabase(server.url());
    const polled = { overHttp: true, p50Ms: 0.6 * pollMs, p99Ms: 1.1 * pollMs };
    const ways: readonly Way[] = [
      { name: 'WebSocket, SQLite', overHttp: false, fresh: sqlite, p50Ms: 10, p99Ms: 40 },
      { name: 'WebSocket, MariaDB', overHttp: false, fresh: mariadb, p50Ms: 15, p99Ms: 60 },
      { name: 'HTTP, SQLite', fresh: sqlite, ...polled },
      { name: 'HTTP, MariaDB', fresh: mariadb, ...polled },
    ];
    const only = options.number('only', 0);
    const chosen = only === 0 ? ways : ways.slice(only - 1, only);
    report.note(`a block every ${blockMs} ms, a poll interval of ${pollMs} ms`);
    const phase = (index: number): number => (index * blockMs) / chosen.length;
    const found = await Promise.all(chosen.map((way, index) => measure(way, phase(index), options)));
    chosen.forEach((way, index) => judge(report, way, found[index] ?? []));
  },
};

/** A way from a node into a database. */
interface Way {
  readonly name: string;
  readonly overHttp: boolean;
  /** Names a database that is yet to be migrated. */
  readonly fresh: () => Promise<string>;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(way: Way, phaseMs: number, options: BenchOptions): Promise<number[]> {
  const blockMs = options.number('block-ms', 1_000);
  const { node, news, url } = await startNode(blockMs, options.number('logs', 100), phaseMs);
  const databaseUrl = await way.fresh();
  const rpcUrl = way.overHttp ? url : url.replace('http', 'ws');
  const source = { mode: 'realtime', startBlock: 100, pollInterval: options.number('poll-ms', 1_000) / 1_000 } as const;
  const scenario = await Scenario.begin(databaseUrl, rpcUrl, source, { CHAINPARSE_HEARTBEAT_INTERVAL: '30' });
  const run = scenario.run('--quiet');
  const rows = await watchRows(databaseUrl);
  // How often one looks adds to what is found, and disturbs.
  const lookMs = Math.ceil(way.p50Ms / 50);
  const taken = await collect(news, rows, { lookMs, blocks: options.number('blocks', 120) });
  run.signal('SIGTERM');
  const { code, stderr } = await run.exit();
  await rows.close();
  node.disconnect();
  if (code !== 0) throw new Error(`${way.name}: the run ended with ${String(code)}: ${stderr}`);
  return taken;
}

interface StartedNode {
  readonly node: ChildProcess;
  readonly url: string;
  /** What it tells from then on; what nobody has asked for yet waits. */
  readonly news: AsyncIterable<[LatencyNews]>;
}

async function startNode(blockMs: number, logs: number, phaseMs: number): Promise<StartedNode> {
  const program = fileURLToPath(new URL('latency-node.ts', import.meta.url));
  const node = fork(program, [blockMs, logs, phaseMs].map(String), { execArgv: ['--import', 'tsx'] });
  atEnd(() => void node.kill('SIGKILL'));
  const news = on(node, 'message', { close: ['exit'] }) as AsyncIterableIterator<[LatencyNews]>;
  const { value } = (await news.next()) as { value: [LatencyNews] | undefined };
  if (value === undefined || !('url' in value[0])) throw new Error('the node did not say where it listens');
  return { node, url: value[0].url, news };
}

/** Returns how long each of so many blocks took in milliseconds, those of the beginning left out. */
async function collect(
  news: AsyncIterable<[LatencyNews]>,
  rows: RowWatch,
  { lookMs, blocks }: { readonly lookMs: number; readonly blocks: number },
): Promise<number[]> {
  const taken: number[] = [];
  for await (const [told] of news) {
    if ('block' in told) taken.push((await firstSeen(rows, told.block, lookMs)) - told.at);
    if (taken.length === warmUpBlocks + blocks) break;
  }
  return taken.slice(warmUpBlocks);
}

async function firstSeen(rows: RowWatch, block: number, lookMs: number): Promise<number> {
  const since = performance.now();
  while (!(await rows.has(block))) {
    if (performance.now() - since > longestMs) throw new Error(`block ${block} was not stored`);
    await sleep(lookMs);
  }
  return Number(process.hrtime.bigint()) / 1e6;
}

function judge(report: Report, { name, p50Ms, p99Ms }: Way, taken: readonly number[]): void {
  const sorted = [...taken].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  report.atMost(`${name}, p50 of ${sorted.length} blocks`, at(0.5), p50Ms, ' ms');
  report.atMost(`${name}, p99`, at(0.99), p99Ms, ' ms');
}
