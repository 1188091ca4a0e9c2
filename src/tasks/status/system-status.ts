import { AlertStore } from '../../database/operations/alert-store.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { Database } from '../../database/database.js';
import { MonitorStore } from '../../database/operations/monitor-store.js';
import { WorkerStore } from '../../database/operations/worker-store.js';
import { countTasks, listTasks } from '../../database/tasks/task-listing.js';
import { readTaskSilence, type TaskSilence } from '../../database/tasks/task-silence.js';
import { readTaskStatistics, type TaskStatistics } from '../../database/tasks/task-statistics.js';
import type { Alert } from '../../model/alert.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import { isMonitorAlive, type Monitor } from '../../model/monitor.js';
import type { WorkerView } from '../../model/worker.js';
import type { RpcEndpoint } from '../../model/rpc-endpoint.js';
import type { Wanted } from '../../model/wanted.js';
import { isSilent, taskStatus, type Task } from '../../model/task.js';
import type { PipelineFacts } from '../alerts/pipeline-verdict.js';
import { downPipelines, type DownPipeline } from '../alerts/down-pipelines.js';
import { readFleetFacts } from '../alerts/read-pipeline-facts.js';
import { readSinks, type SinkState, type SinkView } from '../views/sink-view.js';
import { readParked } from '../lease/parked.js';

/**
 * What a pipeline does. `silent`: its task runs, and gave no sign of life for three of its heartbeats; `parked`: it is run by
 * nobody until a person has rewound it.
 */
export type PipelineState = 'silent' | 'parked' | 'failed' | 'running' | 'queued' | 'ended' | 'never_ran' | 'disabled';

/** A pipeline and its newest task. */
export interface PipelineStatus {
  readonly id: number;
  readonly name: string;
  readonly state: PipelineState;
  readonly task: Task | null;
  /** What a person wants of it; null where it was never started. */
  readonly wanted: Wanted | null;
  /** By the running task, else by the checkpoint: a rewind may have moved it since a task ended. Null: it has read nothing. */
  readonly nextBlock: number | null;
}

/** A system at a glance. */
export interface SystemStatus {
  /** Those that failed, or should run and do not. */
  readonly down: readonly DownPipeline[];
  /** Those that need a look first. */
  readonly pipelines: readonly PipelineStatus[];
  /** The most silent first. */
  readonly running: readonly Task[];
  /** Of all running tasks, also of those that are not listed. */
  readonly silence: TaskSilence;
  /** Tasks that nobody has begun yet. */
  readonly queued: number;
  readonly late: TaskStatistics;
  readonly alerts: readonly Alert[];
  readonly openAlerts: number;
  /** Those with the latest sign of life. */
  readonly monitors: readonly Monitor[];
  /** None of them is alive, and the database takes no writes. */
  readonly isReadOnly: boolean;
  /** The same. */
  readonly workers: readonly WorkerView[];
  /** Of all pipelines: those that need a look first. */
  readonly sinks: readonly SinkView[];
  /** As each process that asks them reports them. */
  readonly endpoints: readonly RpcEndpoint[];
  /** The chain ids of pipelines, where some endpoint gives no answer. */
  readonly chains: ReadonlyMap<number, number>;
}

interface StatusOptions {
  /** By which tasks that name no heartbeat interval are judged. */
  readonly defaultIntervalSeconds: number;
}

/** Rows that are read at most: a glance must not cost the database more than that. */
const most = {
  pipelines: 500,
  running: 200,
  alerts: 20,
  monitors: 10,
  workers: 200,
  endpoints: 500,
  sinks: 500,
} as const;

/** Of which time ends are counted, in seconds. */
const window = { windowSeconds: 3_600, longerThanSeconds: 3_600 };

const order: readonly PipelineState[] = [
  'silent',
  'parked',
  'failed',
  'running',
  'queued',
  'ended',
  'never_ran',
  'disabled',
];

/** Reads the status, a bounded number of rows by indexes. */
export async function readSystemStatus(database: Database, options: StatusOptions): Promise<SystemStatus> {
  const byHeartbeat = { by: 'last_heartbeat', descending: false } as const;
  const running = await listTasks(database, {
    ...{ status: taskStatus.running, order: byHeartbeat, limit: most.running, offset: 0 },
  });
  const silence = await readTaskSilence(database, options.defaultIntervalSeconds);
  const late = await readTaskStatistics(database, window);
  const { alerts, total: openAlerts } = await new AlertStore(database).list({ all: false, limit: most.alerts });
  const { monitors, isReadOnly } = await new MonitorStore(database).watch(most.monitors);
  const { workers } = await new WorkerStore(database).list(most.workers);
  const queued = await countTasks(database, { status: taskStatus.queued });
  const facts = await readFleetFacts(database, options.defaultIntervalSeconds);
  return {
    pipelines: await readPipelines(database, facts.pipelines.slice(0, most.pipelines), options),
    running: [...running].sort((a, b) => b.silentSeconds - a.silentSeconds || a.id - b.id),
    ...{ silence, queued, late, alerts, openAlerts, monitors, isReadOnly, workers },
    endpoints: facts.endpoints.slice(0, most.endpoints),
    chains: facts.chains,
    down: downPipelines(facts, options.defaultIntervalSeconds),
    sinks: await readSinksAtAGlance(database, options),
  };
}

/** Returns the monitors that are alive. */
export function aliveMonitors({ monitors }: SystemStatus): readonly Monitor[] {
  return monitors.filter(isMonitorAlive);
}

const sinkOrder: readonly SinkState[] = ['failing', 'paused', 'running', 'idle'];

async function readSinksAtAGlance(
  database: Database,
  { defaultIntervalSeconds }: StatusOptions,
): Promise<readonly SinkView[]> {
  const sinks = await readSinks(database, defaultIntervalSeconds);
  return [...sinks]
    .sort((a, b) => sinkOrder.indexOf(a.state) - sinkOrder.indexOf(b.state) || b.behind - a.behind)
    .slice(0, most.sinks);
}

async function readPipelines(
  database: Database,
  pipelines: readonly PipelineFacts[],
  options: StatusOptions,
): Promise<readonly PipelineStatus[]> {
  const store = new CheckpointStore(database);
  const checkpoints = new Map((await store.list()).map((checkpoint) => [checkpoint.pipelineId, checkpoint]));
  const parked = await readParked(store);
  return pipelines
    .map(({ id, name, disabled, task, wanted }) => {
      const state = stateOf(task, { isDisabled: disabled, isParked: parked.has(id) }, options);
      return { id, name, task, state, wanted, nextBlock: nextBlockOf(task, checkpoints.get(id)) };
    })
    .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.id - b.id);
}

function nextBlockOf(task: Task | null, checkpoint: Checkpoint | undefined): number | null {
  const ofTask = task?.progress?.nextBlock ?? null;
  if (task?.status === taskStatus.running && ofTask !== null) return ofTask;
  return typeof checkpoint?.blockNumber === 'number' ? checkpoint.blockNumber + 1 : ofTask;
}

function stateOf(
  task: Task | null,
  { isDisabled, isParked }: { readonly isDisabled: boolean; readonly isParked: boolean },
  options: StatusOptions,
): PipelineState {
  if (task?.status === taskStatus.running) return isSilent(task, options.defaultIntervalSeconds) ? 'silent' : 'running';
  if (isDisabled) return 'disabled';
  if (task === null) return 'never_ran';
  if (task.status === taskStatus.queued) return 'queued';
  if (isParked) return 'parked';
  return task.status === taskStatus.failed ? 'failed' : 'ended';
}
