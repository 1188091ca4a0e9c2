import { join } from 'node:path';
import { ChainClient } from '../../chain/chain-client.js';
import { createSource, sourceConfig } from '../../components/registry.js';
import { requireMigrated } from '../../database/migrator.js';
import { PipelineStore } from '../../database/pipeline-store.js';
import type { Component, EventMonitorConfig, Pipeline } from '../../model/pipeline.js';
import { UsageError } from '../../runtime/errors.js';
import type { ExitCode } from '../../runtime/errors.js';
import { runTask } from '../../tasks/run-task.js';
import type { CommandContext } from '../context.js';
import { thisProcess } from '../this-process.js';

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
export async function runPipeline(context: CommandContext, options: RunPipelineOptions): Promise<ExitCode> {
  checkRange(options);
  const { settings, clock } = context;
  const database = await context.database({
    statementTimeoutMs: statementTimeoutMs(settings.heartbeatIntervalSeconds),
  });
  await requireMigrated(database);
  const pipeline = await new PipelineStore(database).get(options.id);
  const component = checkRunnable(pipeline, context);
  const config = sourceConfig(component);
  const chain = openChain(context, config);
  const signal = abortLater(context);
  try {
    const { task, progress } = await runTask({
      database,
      pipelineId: pipeline.id,
      worker: thisProcess(),
      heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
      stallAfterSeconds: settings.stallAfterSeconds,
      timeoutMinutes: timeoutOf(pipeline, context),
      logPathPrefix: join(settings.logDir, 'pipeline_'),
      takeOver: options.takeOver === true,
      chainId: config.chainId,
      run: { mode: options.mode, fromBlock: options.fromBlock, toBlock: options.toBlock, fresh: options.fresh },
      mode: options.mode ?? config.mode,
      clock,
      lang: settings.lang,
      begin: () => Promise.resolve({ source: createSource(component, { chain: () => chain }), logger: context.logger }),
      onProgress: () => undefined,
      mask: (text) => context.secrets.mask(text),
      stopping: context.signals.stopping,
      signal,
    });
    await context.output.json({ task_id: task.id, events: progress.events });
    return 0;
  } finally {
    await chain.close();
  }
}

function checkRange({ fromBlock, toBlock }: RunPipelineOptions): void {
  if (fromBlock === undefined || toBlock === undefined || fromBlock <= toBlock) return;
  throw new UsageError(`--from-block ${fromBlock} lies behind --to-block ${toBlock}`);
}

/** A server that has not answered within a beat can't keep a task alive; but a big commit may take some seconds. */
function statementTimeoutMs(heartbeatIntervalSeconds: number): number {
  return Math.min(60_000, Math.max(10_000, heartbeatIntervalSeconds * 1_000));
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

function openChain({ settings, clock, logger }: CommandContext, config: EventMonitorConfig): ChainClient {
  const urls = settings.rpcUrls(config.chainName);
  if (urls.length === 0) {
    const variable = `${config.chainName.toUpperCase().replaceAll('-', '_')}_RPC_URL`;
    throw new UsageError(`no RPC URL is set for chain '${config.chainName}'`, {
      hint: `give one with --rpc-url URL, or set ${variable}`,
    });
  }
  return new ChainClient({ urls, chainId: config.chainId, clock, logger });
}

/** What was asked for on this command line, else what the pipeline says, else NULL: the monitor's own setting. */
function timeoutOf(pipeline: Pipeline, { settings, shownSettings }: CommandContext): number | null {
  const asked = shownSettings.some(({ name, origin }) => name === 'task_timeout' && origin.startsWith('flag'));
  return asked ? settings.taskTimeoutMinutes : pipeline.timeoutMinutes;
}

/** Aborted some seconds after the run was told to stop: what has not ended by then is dropped. */
function abortLater({ signals, clock }: CommandContext): AbortSignal {
  const hard = new AbortController();
  signals.stopping.addEventListener(
    'abort',
    () => void clock.sleep(graceMs).then(() => hard.abort(signals.stopping.reason)),
    { once: true },
  );
  return hard.signal;
}
