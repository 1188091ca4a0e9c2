import { join } from 'node:path';
import { createSource, sourceConfig } from '../../components/registry.js';
import { requireMigrated } from '../../database/migrator.js';
import { PipelineStore } from '../../database/pipeline-store.js';
import type { Component, EventMonitorConfig, Pipeline } from '../../model/pipeline.js';
import { statusName, statusText } from '../../model/task.js';
import { UsageError } from '../../runtime/errors.js';
import { runTask } from '../../tasks/run-task.js';
import type { TaskOptions, TaskResult } from '../../tasks/run-task.js';
import type { CommandContext } from '../context.js';
import type { Output } from '../output.js';
import { findUrls, RunConsole } from '../run-console.js';
import { thisProcess } from '../this-process.js';
import { tightenHeap } from '../tighten-heap.js';
import { watchRun } from '../watch-liveness.js';

interface RunPipelineOptions {
  readonly id: number;
  readonly mode?: 'realtime' | 'historical';
  readonly fromBlock?: number;
  readonly toBlock?: number;
  readonly fresh?: boolean;
  readonly takeOver?: boolean;
}

/** How long calls in the air may still take once the run shall stop, in milliseconds. */
const graceMs = 3_000;

/** Runs a pipeline in the foreground as one task. */
export async function runPipeline(context: CommandContext, options: RunPipelineOptions): Promise<void> {
  checkRange(options);
  tightenHeap();
  const { settings, clock } = context;
  const database = await context.database({
    statementTimeoutMs: statementTimeoutMs(settings.heartbeatIntervalSeconds),
    beatTimeoutMs: beatTimeoutMs(settings.heartbeatIntervalSeconds),
  });
  await requireMigrated(database);
  const pipeline = await new PipelineStore(database).get(options.id);
  const component = checkRunnable(pipeline, context);
  checkEndpoints(findUrls(context, sourceConfig(component)), sourceConfig(component));
  const console = new RunConsole(context);
  const liveness = await watchRun(context, database, console.logger);
  const ended = new AbortController();
  try {
    const result = await runTask({
      ...taskOptions(context, options, pipeline, sourceConfig(component)),
      database,
      begin: (task) => {
        const logger = console.openLog(task);
        const chain = console.openChain(sourceConfig(component), logger, liveness.observeChain);
        return Promise.resolve({ source: createSource(component, { chain: () => chain }), logger });
      },
      observe: liveness.observe,
      onProgress: (progress, beatAt) => console.show(progress, beatAt),
      signal: abortLater(context, ended.signal),
    }).finally(() => liveness.close());
    await console.close();
    await printResult(context.output, result, clock.monotonic() - console.openedAt);
  } finally {
    ended.abort();
    await console.close();
  }
}

function taskOptions(
  { settings, clock, secrets, signals, shownSettings }: CommandContext,
  options: RunPipelineOptions,
  pipeline: Pipeline,
  config: EventMonitorConfig,
): Omit<TaskOptions, 'database' | 'begin' | 'onProgress' | 'signal'> {
  const asked = shownSettings.some(({ name, origin }) => name === 'task_timeout' && origin.startsWith('flag'));
  return {
    pipelineId: pipeline.id,
    worker: thisProcess(),
    heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
    stallAfterSeconds: settings.stallAfterSeconds,
    // What was asked for on this command line, else what the pipeline says, else NULL: the monitor's own setting.
    timeoutMinutes: asked ? settings.taskTimeoutMinutes : pipeline.timeoutMinutes,
    logPathPrefix: join(settings.logDir, 'pipeline_'),
    takeOver: options.takeOver === true,
    chainId: config.chainId,
    run: { mode: options.mode, fromBlock: options.fromBlock, toBlock: options.toBlock, fresh: options.fresh },
    mode: options.mode ?? config.mode,
    clock,
    lang: settings.lang,
    mask: (text) => secrets.mask(text),
    stopping: signals.stopping,
  };
}

function checkRange({ fromBlock, toBlock }: RunPipelineOptions): void {
  if (fromBlock === undefined || toBlock === undefined || fromBlock <= toBlock) return;
  throw new UsageError(`--from-block ${fromBlock} lies behind --to-block ${toBlock}`);
}

function checkEndpoints(urls: readonly string[], { verifyHeads, chainName }: EventMonitorConfig): void {
  if (verifyHeads !== true || new Set(urls).size > 1) return;
  throw new UsageError(`verify_heads needs two endpoints, and only one RPC URL is set for chain '${chainName}'`, {
    hint: 'repeat --rpc-url, or take verify_heads out of the definition',
  });
}

/** A server that has not answered within a beat can't keep a task alive; but a big commit may take some seconds. */
function statementTimeoutMs(heartbeatIntervalSeconds: number): number {
  return Math.min(60_000, Math.max(10_000, heartbeatIntervalSeconds * 1_000));
}

/**
 * After an outage a run must be heard within three intervals: one may pass until it gives up what it had sent, and one
 * until it tries again.
 */
function beatTimeoutMs(heartbeatIntervalSeconds: number): number {
  return Math.min(30_000, Math.max(1_000, heartbeatIntervalSeconds * 1_000));
}

function checkRunnable(pipeline: Pipeline, { settings }: CommandContext): Component {
  if (pipeline.disabled) {
    throw new UsageError(`pipeline ${pipeline.id} is disabled`, { hint: `chainparse pipeline enable ${pipeline.id}` });
  }
  const { timeoutMinutes } = pipeline;
  if (timeoutMinutes !== null && timeoutMinutes * 60 < 3 * settings.heartbeatIntervalSeconds) {
    throw new UsageError(
      `the timeout of pipeline ${pipeline.id}, ${timeoutMinutes} min, is under three heartbeat intervals of ${settings.heartbeatIntervalSeconds} s`,
      { hint: 'give a shorter --heartbeat-interval, or change timeout_minutes in the definition' },
    );
  }
  const [component] = pipeline.components;
  if (component === undefined) throw new UsageError(`pipeline ${pipeline.id} has no component`);
  return component;
}

/** Aborted some seconds after the run was told to stop: what has not ended by then is dropped. */
function abortLater({ signals, clock }: CommandContext, ended: AbortSignal): AbortSignal {
  const hard = new AbortController();
  const wait = async (): Promise<void> => {
    await clock.sleep(graceMs, ended);
    hard.abort(signals.stopping.reason);
  };
  const options = { once: true, signal: ended };
  signals.stopping.addEventListener('abort', () => void wait().catch(() => undefined), options);
  return hard.signal;
}

async function printResult(output: Output, { task, progress }: TaskResult, durationMs: number): Promise<void> {
  const seconds = Math.round(durationMs) / 1000;
  if (output.isJson) {
    await output.json({
      task_id: task.id,
      pipeline_id: task.pipelineId,
      status: task.status,
      status_text: statusText(task.status, 'zh'),
      status_name: statusName(task.status),
      end_reason: task.endReason,
      mode: progress.mode,
      next_block: progress.nextBlock,
      target_block: progress.targetBlock,
      head_block: progress.headBlock,
      events: progress.events,
      seconds,
    });
    return;
  }
  const rate = Math.round(progress.events / Math.max(seconds, 0.001));
  const next = progress.nextBlock === null ? '' : `, next block ${progress.nextBlock}`;
  await output.line(
    `task ${task.id} of pipeline ${task.pipelineId} ${task.endReason ?? 'ended'}: ${progress.events} events in ${seconds} s (${rate}/s)${next}`,
  );
}
