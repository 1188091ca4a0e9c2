import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { ChainSimulator } from '../test/support/chain-simulator.js';
import type { Child } from '../test/support/child.js';
import { Scenario } from '../test/support/scenario.js';
import { eventually } from '../test/support/within.js';
import type { Benchmark } from './benchmark.js';
import { startDurableServer } from './durable-server.js';
import { linesOf, startMonitor } from './monitor-process.js';

const settings = { heartbeatIntervalSeconds: 1, timeoutSeconds: 4, checkIntervalSeconds: 2 };

/** How soon the end of a run is known. */
export const detect: Benchmark = {
  summary: 'kill -9 of a run is reported within timeout + check interval + 1 s; SIGTERM frees its task within 1 s',
  async run(options, report) {
    const count = options.number('runs', 20);
    const { url, connection } = await startDurableServer();
    const node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
    const mining = setInterval(() => node.mine(1), 200);
    const scenario = await Scenario.begin(url, node.url, { mode: 'realtime' });
    const monitor = startMonitor(url, settings);
    const [killed, freed]: [number[], number[]] = [[], []];
    for (let pipeline = 1; pipeline <= count; pipeline++) {
      const [victim, leaver] = [await startRun(scenario, pipeline), await startRun(scenario, 1_000 + pipeline)];
      await sleep(1_000 * Math.random());
      freed.push(await terminate(leaver, connection, 1_000 + pipeline));
      killed.push(await kill(victim, connection, monitor, pipeline));
    }
    clearInterval(mining);
    const { timeoutSeconds, checkIntervalSeconds } = settings;
    report.note(
      `${count} runs each; heartbeat 1 s, timeout ${timeoutSeconds} s, check every ${checkIntervalSeconds} s`,
    );
    report.atMost(
      'longest from kill -9 to the report',
      Math.max(...killed),
      timeoutSeconds + checkIntervalSeconds + 1,
      ' s',
    );
    report.atMost('longest from SIGTERM to the end of the task', Math.max(...freed), 1, ' s');
    report.atMost('tasks reported that nobody had killed', linesOf(monitor, 'task.timed_out').length - count, 0);
    await node.stop();
  },
};

async function startRun(scenario: Scenario, pipeline: number): Promise<Child> {
  const run = await scenario.runAs(pipeline);
  await run.output(/runs pipeline/, 30_000);
  return run;
}

/** Returns after how many seconds the task had ended. */
async function terminate(run: Child, connection: Connection, pipeline: number): Promise<number> {
  const startedAt = performance.now();
  run.signal('SIGTERM');
  await eventually('the task has ended', async () => (await readTask(connection, pipeline))?.status === 1);
  const seconds = (performance.now() - startedAt) / 1_000;
  await run.exit();
  return seconds;
}

/** Returns after how many seconds a monitor reported it. */
async function kill(run: Child, connection: Connection, monitor: Child, pipeline: number): Promise<number> {
  const task = await readTask(connection, pipeline);
  const killedAt = Date.now();
  await run.kill();
  const line = await eventually(
    'the monitor reports it',
    () => linesOf(monitor, 'task.timed_out').find(({ task_id: id }) => id === task?.id) ?? null,
    60_000,
  );
  return (Date.parse(line.time) - killedAt) / 1_000;
}

interface TaskRow {
  readonly id: number;
  readonly status: number;
}

async function readTask(connection: Connection, pipeline: number): Promise<TaskRow | undefined> {
  const [rows] = await connection.query('SELECT id, status FROM pipeline_task WHERE pipeline_id = ?', [pipeline]);
  return (rows as TaskRow[])[0];
}
