import { apiAccess } from '../../components/definition-access.js';
import { registry } from '../../components/registry.js';
import type { SourceDescription } from '../../components/seam/component.js';
import { sinksOf } from '../../components/sinks-of.js';
import type { PipelineSink } from '../../components/sinks-of.js';
import { sourceOf } from '../../components/source-of.js';
import { stagesOf } from '../../components/stages-of.js';
import type { PipelineSource } from '../../components/source-of.js';
import { isWebSocketUrl, leadToOneNode } from '../../chain/transport/rpc/transport.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { Pipeline } from '../../model/pipeline.js';
import type { RunRequest } from '../../model/run-request.js';
import { UsageError } from '../../runtime/errors.js';
import type { Settings } from '../../settings/settings.js';
import { silenceLimit } from '../../runtime/silence.js';
import type { RunHost } from '../host/run-host.js';

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
  { database, settings, variables, cwd }: Pick<RunHost, 'database' | 'settings' | 'variables' | 'cwd'>,
  pipelineId: number,
  mode?: RunRequest['mode'],
): Promise<PreparedRun> {
  // A worker lives for long: a newer version may have migrated since, or the time zone was changed.
  await requireMigrated(database);
  const pipeline = await new PipelineStore(database).get(pipelineId);
  const source = checkRunnable(pipeline, settings);
  const urls = urlsFor(pipeline, source, mode ?? source.mode, settings);
  if (urls.length > 0) checkEndpoints(urls, source);
  const access = pipeline.origin === 'api' ? apiAccess(settings, cwd) : null;
  const sinks = sinksOf(pipeline.components, registry, access);
  for (const sink of sinks) sink.checkAccess(variables);
  return { pipeline, source, sinks, urls };
}

/** Where settled blocks come from a portal, only what is not settled, or not told by it, needs an endpoint. */
function urlsFor(
  { components }: Pipeline,
  { chain, readsPortal }: PipelineSource,
  mode: 'historical' | 'realtime',
  settings: Pick<Settings, 'rpcUrls'>,
): readonly string[] {
  if (!readsPortal) return findUrls(settings, chain.name);
  const urls = settings.rpcUrls(chain.name);
  const asker = stagesOf(components).find(({ asksChain }) => asksChain);
  if (urls.length > 0 || (mode === 'historical' && asker === undefined)) return urls;
  const why =
    mode === 'realtime'
      ? `a realtime run follows the head of chain '${chain.name}', which its portal does not tell`
      : `component '${asker?.name ?? ''}' asks contracts of chain '${chain.name}', which its portal can't`;
  throw new UsageError(`${why}: no RPC URL is set for it`, { hint: urlHint(chain.name) });
}

/** Finds the endpoints of a chain; throws UsageError where there are none. */
export function findUrls(settings: Pick<Settings, 'rpcUrls'>, chainName: string): readonly string[] {
  const urls = settings.rpcUrls(chainName);
  if (urls.length > 0) return urls;
  throw new UsageError(`no RPC URL is set for chain '${chainName}'`, { hint: urlHint(chainName) });
}

function urlHint(chainName: string): string {
  return `give one with --rpc-url URL, or set ${chainName.toUpperCase().replaceAll('-', '_')}_RPC_URL`;
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

/** Throws UsageError where a source wants more endpoints than are set; two URLs of one node are one. */
function checkEndpoints(urls: readonly string[], { endpoints: { least, key }, chain }: SourceDescription): void {
  const known = [...new Set(urls)];
  const nodes = known.filter((url) => !isWebSocketUrl(url) || !known.some((other) => leadToOneNode(url, other)));
  if (nodes.length >= least) return;
  const [what, way] =
    known.length < least
      ? ['only one RPC URL is set', 'repeat --rpc-url']
      : ['the RPC URLs of one node alone are set', 'give RPC URLs of two nodes, both for HTTP where one host has them'];
  throw new UsageError(`${key} needs ${least} endpoints, and ${what} for chain '${chain.name}'`, {
    hint: `${way}, or take ${key} out of the definition`,
  });
}
