import type { SourceDescription } from '../../components/component.js';
import { sinksOf } from '../../components/sinks-of.js';
import type { PipelineSink } from '../../components/sinks-of.js';
import { sourceOf } from '../../components/source-of.js';
import type { PipelineSource } from '../../components/source-of.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { Pipeline } from '../../model/pipeline.js';
import { UsageError } from '../../runtime/errors.js';
import type { Settings } from '../../settings/settings.js';
import { silenceLimit } from '../../runtime/silence.js';
import type { RunHost } from './run-host.js';

/** A pipeline that may run here, and what its run needs to know of it. */
export interface PreparedRun {
  readonly pipeline: Pipeline;
  readonly source: PipelineSource;
  readonly sinks: readonly PipelineSink[];
  /** The endpoints of its chain. */
  readonly urls: readonly string[];
}

/** Returns a pipeline that may run here; throws NotFoundError, and UsageError that says why it may not. */
export async function prepareRun(
  { database, settings, variables }: Pick<RunHost, 'database' | 'settings' | 'variables'>,
  pipelineId: number,
): Promise<PreparedRun> {
  // A worker lives for long: a newer version may have migrated since, or the time zone was changed.
  await requireMigrated(database);
  const pipeline = await new PipelineStore(database).get(pipelineId);
  const source = checkRunnable(pipeline, settings);
  const urls = findUrls(settings, source.chain.name);
  checkEndpoints(urls, source);
  const sinks = sinksOf(pipeline.components);
  for (const sink of sinks) sink.checkVariables(variables);
  return { pipeline, source, sinks, urls };
}

/** Finds the endpoints of a chain; throws UsageError where there are none. */
export function findUrls(settings: Pick<Settings, 'rpcUrls'>, chainName: string): readonly string[] {
  const urls = settings.rpcUrls(chainName);
  if (urls.length > 0) return urls;
  const variable = `${chainName.toUpperCase().replaceAll('-', '_')}_RPC_URL`;
  throw new UsageError(`no RPC URL is set for chain '${chainName}'`, {
    hint: `give one with --rpc-url URL, or set ${variable}`,
  });
}

/** Returns the source of a pipeline that may run; throws UsageError where it may not. */
function checkRunnable(pipeline: Pipeline, { heartbeatIntervalSeconds }: Settings): PipelineSource {
  if (pipeline.disabled) {
    throw new UsageError(`pipeline ${pipeline.id} is disabled`, { hint: `chainparse pipeline enable ${pipeline.id}` });
  }
  const { timeoutMinutes } = pipeline;
  if (timeoutMinutes !== null && timeoutMinutes * 60 < silenceLimit(heartbeatIntervalSeconds)) {
    throw new UsageError(
      `the timeout of pipeline ${pipeline.id}, ${timeoutMinutes} min, is under three heartbeat intervals of ${heartbeatIntervalSeconds} s`,
      { hint: 'give a shorter --heartbeat-interval, or change timeout_minutes in the definition' },
    );
  }
  return sourceOf(pipeline);
}

/** Throws UsageError where a source wants more endpoints than are set. */
function checkEndpoints(urls: readonly string[], { endpoints: { least, key }, chain }: SourceDescription): void {
  if (new Set(urls).size >= least) return;
  throw new UsageError(`${key} needs ${least} endpoints, and only one RPC URL is set for chain '${chain.name}'`, {
    hint: `repeat --rpc-url, or take ${key} out of the definition`,
  });
}
