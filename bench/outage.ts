import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../src/database/open/open-database.js';
import { TimeoutStore } from '../src/database/tasks/timeout-store.js';
import { addSeconds } from '../src/model/instant.js';
import type { Child } from '../test/support/child.js';
import { eventually } from '../test/support/within.js';
import type { Benchmark, Report } from './benchmark.js';
import { connectTo, insertRunningTasks, startDurableServer } from './durable-server.js';
import type { DurableServer } from './durable-server.js';
import { linesOf, startMonitor } from './monitor-process.js';
import type { MonitorSettings } from './monitor-process.js';
import { divide, SimulatedProcess } from './simulated-processes.js';

const settings: MonitorSettings = { heartbeatIntervalSeconds: 1, timeoutSeconds: 5, checkIntervalSeconds: 2 };

/** How long after an outage the dead may still count as running: three beats and a check. */
const graceSeconds = 3 * settings.heartbeatIntervalSeconds + settings.checkIntervalSeconds;

interface Stage extends DurableServer {
  readonly monitor: Child;
  readonly living: readonly number[];
  readonly report: Report;
}

/** Tasks that die in an outage, and what beats for them. */
interface Doomed {
  readonly ids: readonly number[];
  readonly process: SimulatedProcess;
}

/** Freezes a server, and kills it, under many tasks that beat. */
export const outage: Benchmark = {
  summary:
    '1,000 tasks beat while MariaDB is frozen for 10 timeouts, and killed: 0 false failures, the dead failed soon',
  async run(options, report) {
    const database = await startDurableServer();
    const living = await insertRunningTasks(database.connection, options.number('tasks', 1_000), 1);
    const doomed = [await doom(database, 20), await doom(database, 20)] as const;
    for (const part of divide(divide(living, 10), 2)) startProcess(database.url, part);
    const stage = { ...database, monitor: startMonitor(database.url, settings), living, report };
    await whenAllBeat(stage, living.length + 40);
    const outageSeconds = options.number('timeouts', 10) * settings.timeoutSeconds;
    report.note(`heartbeat 1 s, timeout 5 s, check every 2 s; ${living.length} tasks live, 20 die in each outage`);
    await freeze(stage, doomed[0], outageSeconds);
    await restart(stage, doomed[1], outageSeconds);
  },
};

function startProcess(url: string, processes: readonly (readonly number[])[]): SimulatedProcess {
  const patience = { stallAfterMs: 300_000, statementTimeoutMs: 10_000, beatTimeoutMs: 1_000 };
  return new SimulatedProcess({ url, processes, heartbeatIntervalSeconds: 1, moveEveryMs: 1_000, ...patience });
}

async function doom({ connection, url }: DurableServer, count: number): Promise<Doomed> {
  const ids = await insertRunningTasks(connection, count, settings.heartbeatIntervalSeconds);
  return { ids, process: startProcess(url, [ids]) };
}

async function whenAllBeat({ connection, monitor }: Stage, count: number): Promise<void> {
  await eventually(
    'all tasks beat',
    async () => {
      const [rows] = await connection.query(
        'SELECT COUNT(*) AS beating FROM pipeline_task WHERE last_heartbeat >= NOW() - INTERVAL 2 SECOND',
      );
      return (rows as { beating: number }[])[0]?.beating === count;
    },
    60_000,
  );
  await monitor.output(new RegExp(`timeout check: ${count} running, 0 timed out`), 30_000);
}

async function freeze(stage: Stage, doomed: Doomed, seconds: number): Promise<void> {
  const database = await openDatabase(stage.url, { statementTimeoutMs: 2_000 * seconds });
  const store = new TimeoutStore(database);
  const { now } = await store.probe();
  await store.fail([0], verdict(now));
  stage.server.freeze();
  // The first thing that the server reads when it wakes is this judgement on everybody, from before.
  const failed = store.fail(stage.living, verdict(now));
  await sleep(1_000);
  await doomed.process.kill();
  await sleep(seconds * 1_000);
  stage.server.thaw();
  const recoveredAt = Date.now();
  stage.report.atMost('frozen: tasks that a statement from before the freeze failed', (await failed).length, 0);
  await database.close();
  await judge('frozen', stage, doomed, recoveredAt);
}

function verdict(now: string): Parameters<TimeoutStore['fail']>[1] {
  const rule = { ...settings };
  const deadline = addSeconds(now, settings.heartbeatIntervalSeconds);
  return { rule, reason: 'a late statement', deadline, heardForSeconds: null };
}

async function restart(stage: Stage, doomed: Doomed, seconds: number): Promise<void> {
  await stage.server.kill();
  await doomed.process.kill();
  await sleep(seconds * 1_000);
  await stage.server.restart();
  const recoveredAt = Date.now();
  const connection = await connectTo(stage.url);
  await judge('killed and restarted', { ...stage, connection }, doomed, recoveredAt);
}

/** Waits for the monitor's judgement on the dead, and a while longer for a wrong one on the living. */
async function judge(what: string, stage: Stage, doomed: Doomed, recoveredAt: number): Promise<void> {
  const { monitor, report } = stage;
  const told = (): readonly number[] =>
    linesOf(monitor, 'task.timed_out')
      .filter(({ task_id: id }) => doomed.ids.includes(id ?? 0))
      .map(({ time }) => (Date.parse(time) - recoveredAt) / 1_000);
  await eventually('the dead are failed', () => told().length >= doomed.ids.length, 60_000).catch(() => undefined);
  await sleep(2_000 * settings.timeoutSeconds);
  report.atMost(`${what}: living tasks failed`, await countFailed(stage), 0);
  report.atLeast(`${what}: dead tasks failed`, told().length, doomed.ids.length);
  report.atMost(`${what}: until the last of them was, from recovery`, Math.max(...told()), graceSeconds, ' s');
}

async function countFailed({ connection, living }: Stage): Promise<number> {
  const [rows] = await connection.query(
    'SELECT COUNT(*) AS failed FROM pipeline_task WHERE status <> 0 AND id IN (?)',
    [living],
  );
  return (rows as { failed: number }[])[0]?.failed ?? NaN;
}
