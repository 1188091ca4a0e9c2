import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../src/database/database.js';
import { knownChains } from '../src/model/chain.js';
import type { Component, ContractAbi, PipelineDefinition } from '../src/model/pipeline.js';
import { taskStatus } from '../src/model/task.js';
import { openDatabase } from '../src/database/open/open-database.js';
import { PipelineStore } from '../src/database/pipelines/pipeline-store.js';
import { TaskQueue } from '../src/database/tasks/task-queue.js';
import { startTask } from '../src/tasks/fleet/start-task.js';
import { ChainSimulator } from '../test/support/chain-simulator.js';
import type { Child } from '../test/support/child.js';
import { createDatabase } from '../test/support/databases.js';
import { childrenOf } from '../test/support/process-tree.js';
import { postgres } from '../test/support/postgres.js';
import { Scenario } from '../test/support/scenario.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { eventually } from '../test/support/within.js';
import type { BenchOptions, Benchmark, Report } from './benchmark.js';
import { startDurableServer } from './durable-server.js';
import { readCpuSeconds } from './processor-time.js';

/** What one worker takes for pipelines that follow chains on which hardly anything happens to them. */
export const idle: Benchmark = {
  summary:
    'live pipelines, each of a contract of its own, on one worker: memory, processor and requests for each block, and beats',
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

/** Chains whose headers prove what their nodes give. */
const chains = ['ethereum', 'optimism', 'bsc', 'gnosis', 'base'] as const;
const heartbeatSeconds = 10;
/** Logs of other contracts in each block. */
const otherLogs = 20;
/** For how long a worker is left alone once all run, in milliseconds: what it began with is behind it then. */
const settleMs = 20_000;
/** How many pipelines are made at a time. */
const together = 8;

/** A chain, and the node that mines it: an event of one of the pipelines in every tenth block. */
interface MinedChain {
  readonly name: string;
  readonly node: ChainSimulator;
}

const contractOf = (pipeline: number): string => `0x${(0x10_0000 + pipeline).toString(16).padStart(40, '0')}`;

async function startChains(count: number): Promise<readonly MinedChain[]> {
  const names = chains.slice(0, count);
  return Promise.all(
    names.map(async (name) => {
      const options = { sealed: true, chainId: knownChains.get(name) ?? 0 };
      const node = await ChainSimulator.start(options, { finalizedDistance: 20 });
      node.mine(30, () => []);
      return { name, node };
    }),
  );
}

function mineEach(mined: readonly MinedChain[], blockMs: number, pipelines: number): NodeJS.Timeout[] {
  return mined.map(({ node }, index) =>
    setInterval(() => {
      node.mine(1, (number) => [
        ...Array.from({ length: otherLogs }, (_none, log) => ({ address: contractOf(-1 - log) })),
        ...(number % 10 === 0 ? [{ address: contractOf(((number * mined.length) % pipelines) + index) }] : []),
      ]);
    }, blockMs),
  );
}

async function measure(name: string, url: string, options: BenchOptions, report: Report): Promise<void> {
  const count = options.number('pipelines', 300);
  const blockMs = options.number('block-ms', 1_000);
  const mined = await startChains(Math.min(options.number('chains', 1), chains.length));
  const mining = mineEach(mined, blockMs, count);
  const env = Object.fromEntries(mined.map((chain) => [`${chain.name.toUpperCase()}_RPC_URL`, chain.node.url]));
  const source = { mode: 'realtime', startBlock: 30, pollInterval: 1 } as const;
  const scenario = await Scenario.begin(url, null, source, env);
  const database = await openDatabase(url);
  const fleet: Fleet = { scenario, database, mined };
  const seconds = options.number('seconds', 30);
  const few = await startWorker(fleet, { from: 0, to: mined.length, concurrency: count });
  const base = await use({ ...fleet, worker: few.worker, seconds });
  await end(few.worker);
  const { worker, tookSeconds } = await startWorker(fleet, { from: mined.length, to: count, concurrency: count });
  report.note(`${name}: all ${count} ran ${tookSeconds.toFixed(0)} s after the worker was started`);
  judge({ name, count, chains: mined.length, base, used: await use({ ...fleet, worker, seconds }) }, report);
  for (const timer of mining) clearInterval(timer);
  await end(worker);
  await database.close();
  await Promise.all(mined.map(({ node }) => node.stop()));
}

async function end(worker: Child): Promise<void> {
  worker.signal('SIGTERM');
  await worker.exit(120_000);
}

interface Fleet {
  readonly scenario: Scenario;
  readonly database: Database;
  readonly mined: readonly MinedChain[];
}

/** What a worker is started with. */
interface Load {
  /** Pipelines up to this one are there, and those up to `to` run. */
  readonly from: number;
  readonly to: number;
  readonly concurrency: number;
}

/** Starts a worker with pipelines and waits until all of them run. */
async function startWorker(
  { scenario, database, mined }: Fleet,
  { from, to, concurrency }: Load,
): Promise<{ readonly worker: Child; readonly tookSeconds: number }> {
  const pipelines = new PipelineStore(database);
  const { components } = await pipelines.get(45);
  const [source] = components as [Component];
  const make = async (index: number): Promise<void> => {
    const id = 1_000 + index;
    const chain = mined[index % mined.length]?.name ?? '';
    const address = contractOf(index);
    if (index >= from) await pipelines.import(definitionOf(id, source, chain, address));
    await startTask(database, id, {});
  };
  for (let at = 0; at < to; at += together) {
    const some = Array.from({ length: Math.min(together, to - at) }, (_none, index) => make(at + index));
    await Promise.all(some);
  }
  const flags = [
    '--concurrency',
    String(concurrency),
    '--heartbeat-interval',
    String(heartbeatSeconds),
    '--log-level',
    'warn',
  ];
  const since = performance.now();
  const worker = scenario.start('worker', ...flags);
  const queue = new TaskQueue(database, heartbeatSeconds);
  await eventually('all run', async () => (await queue.listClaimable(1, [])).length === 0, 900_000);
  const tookSeconds = (performance.now() - since) / 1_000;
  await sleep(settleMs);
  return { worker, tookSeconds };
}

/** What a worker takes in some seconds. */
interface Use {
  /** Shares of a core: of the worker, and of what it has started, which is SQLite's writer. */
  readonly share: number;
  readonly writersShare: number;
  readonly mb: number;
  readonly writersMb: number;
  readonly blocks: number;
  readonly cpuSeconds: number;
  readonly requestsPerBlock: number;
  readonly oldestBeat: number;
}

async function use({
  worker,
  mined,
  database,
  seconds,
}: Fleet & { readonly worker: Child; readonly seconds: number }): Promise<Use> {
  const asked = (): number => mined.reduce((sum, { node }) => sum + node.requests.length, 0);
  const height = (): number => mined.reduce((sum, { node }) => sum + node.head.number, 0);
  const writers = childrenOf(worker.pid);
  const sum = (of: (pid: number) => number): number => writers.reduce((total, pid) => total + of(pid), 0);
  const before = { cpu: readCpuSeconds(worker.pid), writers: sum(readCpuSeconds), asked: asked(), height: height() };
  const since = performance.now();
  let oldestBeat = 0;
  for (let second = 0; second < seconds; second++) {
    await sleep(1_000);
    oldestBeat = Math.max(oldestBeat, await readOldestBeat(database));
  }
  // What was waited for may have taken its time, too.
  const took = (performance.now() - since) / 1_000;
  const cpuSeconds = readCpuSeconds(worker.pid) - before.cpu;
  const blocks = height() - before.height;
  return {
    ...{ blocks, cpuSeconds, oldestBeat },
    share: cpuSeconds / took,
    writersShare: (sum(readCpuSeconds) - before.writers) / took,
    mb: memoryMb(worker.pid),
    writersMb: sum(memoryMb),
    requestsPerBlock: (asked() - before.asked) / blocks,
  };
}

interface Measured {
  readonly name: string;
  readonly count: number;
  readonly chains: number;
  /** What the worker took with one pipeline of each chain. */
  readonly base: Use;
  readonly used: Use;
}

function judge({ name, count, chains: many, base, used }: Measured, report: Report): void {
  const which = `${name}, ${count} pipelines of ${many} chains`;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const { mb, writersMb, requestsPerBlock: requests } = used;
  report.note(
    `${which}: ${percent(used.share)} of a core, ${mb.toFixed(0)} MB (${base.mb.toFixed(0)} MB with ${many}); what it started: ${percent(used.writersShare)}, ${writersMb.toFixed(0)} MB`,
  );
  report.note(`${which}: ${requests.toFixed(1)} requests a block, looks at the head each second included`);
  report.atMost(`${which}: requests a block more than with ${many} pipelines`, requests - base.requestsPerBlock, 6);
  report.atMost(`${which}: memory for each pipeline`, (1_000 * (mb - base.mb)) / (count - many), 100, ' kB');
  const perBlock = (1_000 * used.cpuSeconds) / used.blocks / (count / many);
  report.atMost(`${which}: processor's time for each pipeline and block of its chain`, perBlock, 1, ' ms');
  report.atMost(`${which}: the oldest beat of a running task`, used.oldestBeat, 2 * heartbeatSeconds, ' s');
}

/** Returns how long the task that has beaten longest ago has been silent, in seconds. */
async function readOldestBeat(database: Database): Promise<number> {
  const { dialect } = database;
  const [row] = await database.read<{ age: number | null }[]>((knex) =>
    knex('pipeline_task')
      .where({ status: taskStatus.running })
      .select(knex.raw('MAX(?) AS age', [dialect.secondsSince(knex, 'last_heartbeat')])),
  );
  return row?.age ?? 0;
}

/** The definition of a pipeline like another, of another chain and contract. */
function definitionOf(id: number, like: Component, chainName: string, address: string): PipelineDefinition {
  const [{ abi }] = like.config['contracts'] as readonly [ContractAbi];
  const chain = { chainName, chainId: knownChains.get(chainName) };
  const config = { ...like.config, ...chain, contracts: [{ addresses: [address], abi }] };
  const nothing = { classificationId: null, description: null, timeoutMinutes: null, restart: null };
  return { id, name: `p${id}`, ...nothing, schedule: null, timeZone: null, components: [{ ...like, config }] };
}

function memoryMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}
