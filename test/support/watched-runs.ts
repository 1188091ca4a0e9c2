import { expect } from 'chai';
import type { Child } from './child.js';
import type { Scenario } from './scenario.js';

/** A monitor with a timeout of 6 s that checks every second, and says so. */
export const quickMonitor = [
  ...['monitor', '--timeout', '0.1', '--interval', '1', '--heartbeat-interval', '1'],
  ...['--log-level', 'debug', '--lang', 'en'],
];

/** The status and end reason of a pipeline's newest task. */
export async function stateOf(scenario: Scenario, pipelineId: number): Promise<unknown> {
  const [task] = await scenario.tasks(pipelineId);
  return [task?.status, task?.end_reason];
}

/** Ends processes by SIGTERM; each must exit with 0. */
export async function endGently(processes: readonly Child[]): Promise<void> {
  for (const process of processes) process.signal('SIGTERM');
  for (const process of processes) expect((await process.exit(12_000)).code, process.stderr).to.equal(0);
}

/** Waits until runs have claimed their pipelines. */
export async function whenRunning(runs: readonly Child[]): Promise<void> {
  await Promise.all(runs.map((run) => run.output(/runs pipeline/, 30_000)));
}

/** Which pipelines' tasks the monitors told to have timed out, ascending. */
export function timedOut(monitors: readonly Child[]): readonly number[] {
  const told = monitors.flatMap(({ stderr }) => [
    ...stderr.matchAll(/task timed out: task_id=\d+, pipeline_id=(\d+)/g),
  ]);
  return told.map(([, pipelineId]) => Number(pipelineId)).sort((a, b) => a - b);
}
