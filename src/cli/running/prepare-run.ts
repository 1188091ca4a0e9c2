import { join } from 'node:path';
import type { OpenOptions } from '../../database/open-database.js';
import type { SourceDescription } from '../../components/component.js';
import { sourceOf } from '../../components/source-of.js';
import type { PipelineSource } from '../../components/source-of.js';
import type { Pipeline } from '../../model/pipeline.js';
import type { RunRequest } from '../../model/run-request.js';
import type { Clock } from '../../runtime/clock.js';
import { UsageError } from '../../runtime/errors.js';
import type { TaskOptions } from '../../tasks/task-options.js';
import type { CommandContext } from '../context.js';
import { thisProcess } from '../this-process.js';
import { silenceLimit } from '../../runtime/silence.js';

/** How long calls in the air may still take once the run shall stop, in milliseconds. */
const graceMs = 3_000;

/** Returns how the database of a run is opened. */
export function runDatabaseOptions({
  heartbeatIntervalSeconds,
}: CommandContext['settings']): Pick<OpenOptions, 'statementTimeoutMs' | 'beatTimeoutMs'> {
  return {
    statementTimeoutMs: statementTimeoutMs(heartbeatIntervalSeconds),
    beatTimeoutMs: beatTimeoutMs(heartbeatIntervalSeconds),
  };
}

/** Returns what a run needs beside what it opens: the settings, and what was asked of it. */
export function taskOptions(
  { settings, clock, secrets, signals, shownSettings }: CommandContext,
  request: RunRequest,
  pipeline: Pipeline,
  source: SourceDescription,
): Omit<TaskOptions, 'database' | 'begin' | 'onProgress' | 'signal' | 'takeOver'> {
  const asked = shownSettings.some(({ name, origin }) => name === 'task_timeout' && origin.startsWith('flag'));
  return {
    pipelineId: pipeline.id,
    worker: thisProcess(),
    heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
    stallAfterSeconds: settings.stallAfterSeconds,
    // What was asked for on this command line, else what the pipeline says, else NULL: the monitor's own setting.
    timeoutMinutes: asked ? settings.taskTimeoutMinutes : pipeline.timeoutMinutes,
    logPathPrefix: join(settings.logDir, 'pipeline_'),
    chainId: source.chain.id,
    run: { mode: request.mode, fromBlock: request.fromBlock, toBlock: request.toBlock, fresh: request.fresh },
    mode: request.mode ?? source.mode,
    clock,
    lang: settings.lang,
    mask: (text) => secrets.mask(text),
    stopping: signals.stopping,
  };
}

/** Throws UsageError where a source wants more endpoints than are set. */
export function checkEndpoints(urls: readonly string[], { endpoints: { least, key }, chain }: SourceDescription): void {
  const { size } = new Set(urls);
  if (size >= least) return;
  throw new UsageError(`${key} needs ${least} endpoints, and only ${size} RPC URL is set for chain '${chain.name}'`, {
    hint: `repeat --rpc-url, or take ${key} out of the definition`,
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

/** Returns the source of a pipeline that may run; throws UsageError where it may not. */
export function checkRunnable(pipeline: Pipeline, { settings }: CommandContext): PipelineSource {
  if (pipeline.disabled) {
    throw new UsageError(`pipeline ${pipeline.id} is disabled`, { hint: `chainparse pipeline enable ${pipeline.id}` });
  }
  const { timeoutMinutes } = pipeline;
  if (timeoutMinutes !== null && timeoutMinutes * 60 < silenceLimit(settings.heartbeatIntervalSeconds)) {
    throw new UsageError(
      `the timeout of pipeline ${pipeline.id}, ${timeoutMinutes} min, is under three heartbeat intervals of ${settings.heartbeatIntervalSeconds} s`,
      { hint: 'give a shorter --heartbeat-interval, or change timeout_minutes in the definition' },
    );
  }
  return sourceOf(pipeline);
}

/** Aborted some seconds after the run was told to stop: what has not ended by then is dropped. */
export function abortLater(clock: Clock, stopping: AbortSignal, ended: AbortSignal): AbortSignal {
  const hard = new AbortController();
  const wait = async (): Promise<void> => {
    await clock.sleep(graceMs, ended);
    hard.abort(stopping.reason);
  };
  const begin = (): void => void wait().catch(() => undefined);
  // It may have been told to stop before it began.
  if (stopping.aborted) begin();
  else stopping.addEventListener('abort', begin, { once: true, signal: ended });
  return hard.signal;
}
