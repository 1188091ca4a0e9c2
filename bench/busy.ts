import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../src/database/open/open-database.js';
import { TaskStore } from '../src/database/tasks/task-store.js';
import { Child } from '../test/support/child.js';
import { Scenario } from '../test/support/scenario.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { Benchmark, Report } from './benchmark.js';
import { startDurableServer } from './durable-server.js';
import { linesOf, startMonitor } from './monitor-process.js';

const settings = { heartbeatIntervalSeconds: 5, timeoutSeconds: 30, checkIntervalSeconds: 1 };
const logsPerBlock = 1_000;
const probe = `--import ${import.meta.resolve('tsx')} --import ${new URL('loop-delay.ts', import.meta.url).href}`;

/** A run whose event loop has no time: does it beat? */
export const busy: Benchmark = {
  summary: 'a run decodes and stores 1,000,000 logs; timeout 30 s, interval 5 s: no false timeout, no gap of two beats',
  async run(options, report) {
    const blocks = Math.ceil(options.number('logs', 1_000_000) / logsPerBlock);
    const program = fileURLToPath(new URL('log-node.ts', import.meta.url));
    const node = new Child(process.execPath, ['--import', 'tsx', program, String(blocks), String(logsPerBlock)]);
    const [rpcUrl] = await node.output(/http:\S+/, 30_000);
    await decode('SQLite', `sqlite:${temporaryFolder()}/busy.db`, rpcUrl, blocks, report);
    const { url } = await startDurableServer();
    await decode('MariaDB', url, rpcUrl, blocks, report);
    await node.kill();
  },
};

async function decode(what: string, url: string, rpcUrl: string, blocks: number, report: Report): Promise<void> {
  const source = { mode: 'historical', startBlock: 1, endBlock: blocks, batchSize: 50 } as const;
  const interval = { CHAINPARSE_HEARTBEAT_INTERVAL: String(settings.heartbeatIntervalSeconds) };
  const scenario = await Scenario.begin(url, rpcUrl, source, interval);
  const monitor = startMonitor(url, settings);
  const startedAt = performance.now();
  const run = scenario.in({ NODE_OPTIONS: probe }).run('--quiet');
  const silence = await longestSilence(url, run);
  const seconds = (performance.now() - startedAt) / 1_000;
  const [task] = await scenario.tasks();
  const events = task?.progress?.events ?? 0;
  const delay = /event loop delay: \d+ ms/.exec(run.stderr)?.[0] ?? 'event loop delay: unknown';
  report.note(
    `${what}: ${events} events in ${Math.round(seconds)} s (${Math.round(events / seconds)}/s); longest ${delay}`,
  );
  report.atLeast(`${what}: events stored`, events, blocks * logsPerBlock);
  report.atMost(`${what}: false timeouts`, linesOf(monitor, 'task.timed_out').length, 0);
  // Ages are told in whole seconds: one of 9 may be nearly 10.
  const limit = 2 * settings.heartbeatIntervalSeconds - 1;
  report.atMost(`${what}: longest silence, as the database saw it`, silence, limit, ' s');
  await monitor.kill();
}

/** Watches the run's task in the database until the run has ended; returns its greatest age in seconds. */
async function longestSilence(url: string, run: Child): Promise<number> {
  const database = await openDatabase(url);
  const tasks = new TaskStore(database);
  let longest = 0;
  while (run.isRunning) {
    const task = await tasks.getNewest(45);
    if (task?.status === 0) longest = Math.max(longest, task.silentSeconds);
    await sleep(100);
  }
  await database.close();
  return longest;
}
