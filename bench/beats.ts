import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import type { Benchmark, Report } from './benchmark.js';
import { insertFinishedTasks, insertRunningTasks, readStatus, startDurableServer } from './durable-server.js';
import { linesOf, startMonitor } from './monitor-process.js';
import type { MonitorLine } from './monitor-process.js';
import { percentile } from './percentile.js';
import { readCpuSeconds } from './processor-time.js';
import { divide, SimulatedProcess } from './simulated-processes.js';
import type { SimulatedProcessStats } from './simulated-processes.js';

const intervalSeconds = 5;
const settings = { timeoutSeconds: 60, checkIntervalSeconds: 1, heartbeatIntervalSeconds: intervalSeconds };

/** A table with many rows and many tasks that beat: what it costs the server, and what a check costs. */
export const beats: Benchmark = {
  summary: '10,000 tasks of 100 processes beat every 5 s beside 1,000,000 finished rows: statements, checks, CPU',
  async run(options, report) {
    const size: Size = {
      processes: options.number('processes', 100),
      tasks: options.number('tasks', 10_000),
      finished: options.number('finished', 1_000_000),
    };
    const { server, url, connection } = await startDurableServer();
    await insertFinishedTasks(connection, size.finished);
    const ids = await insertRunningTasks(connection, size.tasks, intervalSeconds);
    await connection.query('ANALYZE TABLE pipeline_task');
    const workers = divide(divide(ids, size.processes), 2).map((part) => startProcess(url, part));
    const monitor = startMonitor(url, settings);
    // Every process has started, and has had the one interval of its life that is shorter than the others.
    await sleep(6_000 * intervalSeconds);
    const before = { ...(await readCosts(connection, server.pid)), checks: linesOf(monitor, 'monitor.checked').length };
    await sleep(options.number('seconds', 120) * 1_000);
    const after = await readCosts(connection, server.pid);
    const seconds = (after.at - before.at) / 1_000;
    const { tasks, processes, finished } = size;
    report.note(`${tasks} tasks in ${processes} processes, ${finished} finished rows, ${Math.round(seconds)} s`);
    judgeChecks(report, linesOf(monitor, 'monitor.checked').slice(before.checks));
    report.atMost("MariaDB's share of a core", (100 * (after.cpuSeconds - before.cpuSeconds)) / seconds, 15, ' %');
    report.note(`${after.deadlocks - before.deadlocks} deadlocks that the server broke and somebody tried again`);
    judgeBeats(report, await Promise.all(workers.map((worker) => worker.stats())));
    report.atMost('tasks failed', linesOf(monitor, 'task.timed_out').length, 0);
    report.atMost('times that the monitor met trouble', linesOf(monitor, 'monitor.database_away').length, 0);
    report.atLeast('tasks beat', await countBeating(connection), size.tasks);
  },
};

interface Size {
  readonly processes: number;
  readonly tasks: number;
  readonly finished: number;
}

function judgeChecks(report: Report, checks: readonly MonitorLine[]): void {
  const durations = checks.map(({ duration_ms: ms }) => ms ?? NaN);
  report.note(`a check took ${percentile(durations, 0.5)} ms (p50)`);
  report.atMost(`p99 of ${durations.length} checks`, percentile(durations, 0.99), 10, ' ms');
}

function judgeBeats(report: Report, stats: readonly SimulatedProcessStats[]): void {
  const sum = (key: keyof SimulatedProcessStats): number => stats.reduce((total, each) => total + each[key], 0);
  report.note(`${sum('landed')} beats landed in ${sum('statements')} statements`);
  // A timer counts whole milliseconds, and may come one early.
  const gapSeconds = (Math.min(...stats.map(({ shortestGapMs }) => shortestGapMs)) + 1) / 1_000;
  report.atMost('statements of a process in an interval, at the worst', intervalSeconds / gapSeconds, 1);
  report.atMost('beats that failed, for a deadlock or anything else', sum('failed') + sum('refused'), 0);
}

function startProcess(url: string, processes: readonly (readonly number[])[]): SimulatedProcess {
  const patience = { stallAfterMs: 300_000, statementTimeoutMs: 10_000, beatTimeoutMs: 5_000 };
  return new SimulatedProcess({
    url,
    processes,
    heartbeatIntervalSeconds: intervalSeconds,
    moveEveryMs: 4_000,
    ...patience,
  });
}

interface Costs {
  readonly at: number;
  readonly deadlocks: number;
  readonly cpuSeconds: number;
}

async function readCosts(connection: Connection, pid: number): Promise<Costs> {
  const deadlocks = await readStatus(connection, 'Innodb_deadlocks');
  return { at: performance.now(), deadlocks, cpuSeconds: readCpuSeconds(pid) };
}

async function countBeating(connection: Connection): Promise<number> {
  const recent = 'status = 0 AND last_heartbeat >= NOW() - INTERVAL 10 SECOND';
  const [rows] = await connection.query(`SELECT COUNT(*) AS beating FROM pipeline_task WHERE ${recent}`);
  return (rows as { beating: number }[])[0]?.beating ?? NaN;
}
