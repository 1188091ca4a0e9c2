import type { PipelineSummary } from '../../database/pipelines/pipeline-store.js';
import type { Alert } from '../../model/alert.js';
import { alertToJson } from '../../model/alert-json.js';
import { alertText } from '../../model/alert-text.js';
import { chainNameOf } from '../../model/chain.js';
import type { EndpointGlance } from '../../model/endpoint-glance.js';
import { isStale } from '../../model/rpc-endpoint.js';
import { taskToJson } from '../../model/task-json.js';
import type { Task } from '../../model/task.js';
import { wantedToJson, type Wanted } from '../../model/wanted.js';
import type { Settings } from '../../settings/settings.js';
import { taskSilenceToJson } from '../task-silence-json.js';
import type { LiveEntry } from './live-feed.js';

type Defaults = Pick<Settings, 'taskTimeoutMinutes' | 'heartbeatIntervalSeconds'>;

/** Returns a task as clients of the live stream see it: as everywhere, and from which silence on it is odd. */
export function taskEntry(task: Task, defaults: Defaults, lagUnknownSince: string | null): LiveEntry {
  const json = taskToJson(task, { timeoutMinutes: defaults.taskTimeoutMinutes });
  const value = {
    ...json,
    ...taskSilenceToJson(task, defaults.heartbeatIntervalSeconds),
    lag_unknown_since: lagUnknownSince,
  };
  return { key: `task:${task.id}`, value, mark: markOf(value, 'silent_seconds', 'heartbeat_age_seconds') };
}

/** Returns a pipeline with the id of its newest task, and what is wanted of it. */
export function pipelineEntry(
  pipeline: PipelineSummary,
  { latestTaskId, wanted }: { readonly latestTaskId: number | null; readonly wanted: Wanted | null },
): LiveEntry {
  const value = {
    pipeline_id: pipeline.id,
    name: pipeline.name,
    disabled: pipeline.disabled,
    components: pipeline.componentTypes,
    revision: pipeline.revision,
    latest_task_id: latestTaskId,
    wanted: wantedToJson(wanted),
  };
  return { key: `pipeline:${pipeline.id}`, value, mark: markOf(value) };
}

/** Returns an open alert. */
export function alertEntry(alert: Alert): LiveEntry {
  // Its text stays as it is while time passes: who shows it says for how long.
  const texts = {
    message: alertText(alert, null, 'en'),
    message_zh: alertText(alert, null, 'zh'),
  };
  const value = { ...alertToJson(alert, null), ...(alert.since === null ? {} : texts) };
  return { key: `alert:${alert.id}`, value, mark: markOf(value, 'open_seconds', 'since_seconds') };
}

/** Returns an endpoint at a glance, without what changes with every report. */
export function endpointEntry({ endpoint, reports, alike }: EndpointGlance): LiveEntry {
  const value = {
    chain: chainNameOf(endpoint.chainId),
    endpoint: endpoint.name,
    state: endpoint.state,
    stale_since: isStale(endpoint) ? endpoint.updateTime : null,
    reports,
    alike,
    head_ms: endpoint.headMs,
    logs_ms: endpoint.logsMs,
    max_in_flight: endpoint.maxInFlight,
    max_per_second: endpoint.maxPerSecond,
    last_error: endpoint.lastError,
    last_error_time: endpoint.lastErrorTime,
  };
  return { key: `endpoint:${endpoint.chainId}/${endpoint.name}`, value, mark: markOf(value, 'last_error_time') };
}

/** Returns the events a second of a pipeline in the last steps; `at` is the time of the last one. */
export function ratesEntry(pipelineId: number, rates: readonly (number | null)[], at: number): LiveEntry {
  return { key: `rates:${pipelineId}`, value: { pipeline_id: pipelineId, rates }, mark: `${at}` };
}

/** Returns why the database can't be read, and for how long nobody has read all that is shown; null: nobody ever has. */
export function troubleEntry(message: string, unreadSeconds: number | null): LiveEntry {
  const value = { message, unread_seconds: unreadSeconds };
  return { key: 'trouble', value, mark: markOf(value, 'unread_seconds') };
}

/** Returns something that there is one of. */
export function singleEntry(key: string, value: object): LiveEntry {
  return { key, value, mark: markOf(value) };
}

function markOf(value: object, ...ages: readonly string[]): string {
  return JSON.stringify(value, (key, part: unknown) => (ages.includes(key) ? undefined : part));
}
