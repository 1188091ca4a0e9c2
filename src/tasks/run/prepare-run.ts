import { sourceConfig } from '../../components/registry.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { Component, EventMonitorConfig, Pipeline } from '../../model/pipeline.js';
import { UsageError } from '../../runtime/errors.js';
import type { Settings } from '../../settings/settings.js';
import { silenceLimit } from '../../runtime/silence.js';
import type { RunHost } from './run-host.js';

/** A pipeline that may run here, and what its run needs to know of it. */
export interface PreparedRun {
  readonly pipeline: Pipeline;
  /** Its source. */
  readonly component: Component;
  readonly config: EventMonitorConfig;
  /** The endpoints of its chain. */
  readonly urls: readonly string[];
}

/** Returns a pipeline that may run here; throws NotFoundError, and UsageError that says why it may not. */
export async function prepareRun(
  { database, settings }: Pick<RunHost, 'database' | 'settings'>,
  pipelineId: number,
): Promise<PreparedRun> {
  // A worker lives for long: a newer version may have migrated since, or the time zone was changed.
  await requireMigrated(database);
  const pipeline = await new PipelineStore(database).get(pipelineId);
  const component = checkRunnable(pipeline, settings);
  const config = sourceConfig(component);
  const urls = findUrls(settings, config);
  checkEndpoints(urls, config);
  return { pipeline, component, config, urls };
}

/** Finds the endpoints of a source's chain; throws UsageError where there are none. */
export function findUrls(settings: Pick<Settings, 'rpcUrls'>, { chainName }: EventMonitorConfig): readonly string[] {
  const urls = settings.rpcUrls(chainName);
  if (urls.length > 0) return urls;
  const variable = `${chainName.toUpperCase().replaceAll('-', '_')}_RPC_URL`;
  throw new UsageError(`no RPC URL is set for chain '${chainName}'`, {
    hint: `give one with --rpc-url URL, or set ${variable}`,
  });
}

/** Returns the source of a pipeline that may run; throws UsageError where it may not. */
function checkRunnable(pipeline: Pipeline, { heartbeatIntervalSeconds }: Settings): Component {
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
  const [component] = pipeline.components;
  if (component === undefined) throw new UsageError(`pipeline ${pipeline.id} has no component`);
  return component;
}

/** Throws UsageError where a source wants more endpoints than are set. */
function checkEndpoints(urls: readonly string[], { verifyHeads, chainName }: EventMonitorConfig): void {
  if (verifyHeads !== true || new Set(urls).size > 1) return;
  throw new UsageError(`verify_heads needs two endpoints, and only one RPC URL is set for chain '${chainName}'`, {
    hint: 'repeat --rpc-url, or take verify_heads out of the definition',
  });
}
