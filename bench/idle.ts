import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../src/database/database.js';
import { openDatabase } from '../src/database/open-database.js';
import { PipelineStore } from '../src/database/pipelines/pipeline-store.js';
import { TaskQueue } from '../src/database/tasks/task-queue.js';
import { startTask } from '../src/tasks/fleet/start-task.js';
import { ChainSimulator } from '../test/support/chain-simulator.js';
import type { Child } from '../test/support/child.js';
import { createDatabase } from '../test/support/databases.js';
import { postgres } from '../test/support/postgres.js';
import { Scenario } from '../test/support/scenario.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { eventually } from '../test/support/within.js';
import type { BenchOptions, Benchmark, Report } from './benchmark.js';
import { startDurableServer } from './durable-server.js';
import { readCpuSeconds } from './processor-time.js';

/** What one worker takes for pipelines that follow a chain on which hardly anything happens to them. */
export const idle: Benchmark = {
  summary:
    'live pipelines of one chain, a block a second, on one worker: 2 MB of memory and 5 ms of a core for each and block',
  async run(options, report) {
    const sqlite = (): Promise<string> => Promise.resolve(`sqlite:${temporaryFolder()}/idle.db`);
    const ways: readonly (readonly [string, () => Promise<string>])[] = [
      ['SQLite', sqlite],
      ['MariaDB', async () => createDatabase((await startDurableServer()).server.url())],
      ['PostgreSQL', async () => createDatabase((await postgres.start('-c', 'fsync=on')).url())],
    ];
    const only = options.number('only', 0);
    for (const [name, fresh] of only === 0 ? ways : ways.slice(only - 1, only)) {
      await measure(name, await fresh(), options, report);
    }
  },
};

async function measure(name: string, url: string, options: BenchOptions, report: Report): Promise<void> {
  const node = await ChainSimulator.start({}, { finalizedDistance: 20 });
  // An event of theirs in every tenth block; the others are empty.
  const mining = setInterval(() => node.mine(1, (number) => (number % 10 === 0 ? [{}] : [])), 1_000);
  node.mine(30);
  const scenario = await Scenario.begin(url, node.url, { mode: 'realtime', startBlock: 30, pollInterval: 1 });
  const count = options.number('pipelines', 300);
  const database = await openDatabase(url);
  const alone = await startWorker(scenario, node, database, 1, 1);
  const base = memoryMb(alone.pid);
  await end(alone);
  const worker = await startWorker(scenario, node, database, 2, count);
  await judge({ name, worker, node, count, base, seconds: options.number('seconds', 30) }, report);
  clearInterval(mining);
  await end(worker);
  await database.close();
  await node.stop();
}

async function end(worker: Child): Promise<void> {
  worker.signal('SIGTERM');
  await worker.exit(30_000);
}

/** Starts a worker with the pipelines from 45 on that are yet to be made, and waits until all of them run. */
async function startWorker(
  scenario: Scenario,
  node: ChainSimulator,
  database: Database,
  from: number,
  to: number,
): Promise<Child> {
  const pipelines = new PipelineStore(database);
  const { components } = await pipelines.get(45);
  for (let i = from; i <= to; i++) {
    if (i > 1) await pipelines.import({ id: 44 + i, name: `p${i}`, components } as never);
  }
  for (let i = 1; i <= to; i++) await startTask(database, 44 + i, {});
  const flags = [
    '--concurrency',
    String(to),
    '--rpc-url',
    node.url,
    '--heartbeat-interval',
    '10',
    '--log-level',
    'warn',
  ];
  const worker = scenario.start('worker', ...flags);
  const queue = new TaskQueue(database, 10);
  await eventually('all run', async () => (await queue.listClaimable(1, [])).length === 0, 300_000);
  await sleep(5_000);
  return worker;
}

interface Measured {
  readonly name: string;
  readonly worker: Child;
  readonly node: ChainSimulator;
  readonly count: number;
  /** Memory of a worker with one pipeline, in MB. */
  readonly base: number;
  readonly seconds: number;
}

async function judge({ name, worker, node, count, base, seconds }: Measured, report: Report): Promise<void> {
  const before = { cpu: readCpuSeconds(worker.pid), requests: node.requests.length, head: node.head.number };
  await sleep(seconds * 1_000);
  const blocks = node.head.number - before.head;
  const cpu = readCpuSeconds(worker.pid) - before.cpu;
  const requests = (node.requests.length - before.requests) / blocks;
  const mb = memoryMb(worker.pid);
  report.note(
    `${name}, ${count} pipelines: ${requests.toFixed(1)} requests a block, ${((100 * cpu) / seconds).toFixed(1)} % of a core, ${mb.toFixed(0)} MB (${base.toFixed(0)} MB with one)`,
  );
  report.atMost(`${name}: memory for each pipeline`, (mb - base) / count, 2, ' MB');
  report.atMost(`${name}: processor's time for each pipeline and block`, (1_000 * cpu) / blocks / count, 5, ' ms');
}

function memoryMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}
