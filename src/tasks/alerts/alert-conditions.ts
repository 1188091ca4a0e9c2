import type { TaskStatistics } from '../../database/tasks/task-statistics.js';
import { alertText } from '../../model/alert-text.js';
import type { AlertCondition } from '../../model/alert.js';
import type { Task } from '../../model/task.js';
import type { SinkView } from '../views/sink-view.js';

/** Characters of a sink's error that an alert tells: it may end with SQL for a whole table. */
const mostError = 2_000;

/** The task that a condition is about. */
interface OfTask {
  readonly taskId: number;
  readonly pipelineId: number;
}

/** So many beats of a task in a row have failed. */
export function heartbeatFailing(task: OfTask, failures: number, error: string): AlertCondition {
  return told({ rule: 'heartbeat_failing', subject: `task ${task.taskId}`, ...of(task), details: { failures, error } });
}

/** Nothing has moved in a pipeline's run for too long; it says so itself. */
export function pipelineHangs(task: OfTask, stillSeconds: number, worker: string): AlertCondition {
  return stalled(task, { cause: 'still', worker }, stillSeconds);
}

/** A running task is silent for more than three of its intervals, and has not timed out yet. */
export function pipelineSilent({ id: taskId, pipelineId, silentSeconds, worker }: Task, name = ''): AlertCondition {
  return stalled({ taskId, pipelineId }, { cause: 'silent', name, worker }, silentSeconds);
}

/** So many running tasks are silent that each by itself would be noise. */
export function manySilent(tasks: readonly Task[]): AlertCondition {
  const details = { tasks: tasks.length, example: tasks[0]?.id ?? 0 };
  return told({ rule: 'pipeline_stalled', ...general('running tasks'), details });
}

/** Why a pipeline is down. */
export interface Down {
  /** Null: it has none. */
  readonly taskId: number | null;
  readonly cause: 'failed' | 'timeout' | 'not_running';
  readonly error: string;
  readonly failures: number;
  /** What only a person can mend; null: nothing. */
  readonly held: string | null;
  /** What it waits for; null: nothing that is known. */
  readonly waitsFor: string | null;
  readonly sinceSeconds: number;
}

/** A pipeline's newest task failed, or it should run and does not. */
export function pipelineDown(pipeline: { readonly id: number; readonly name: string }, down: Down): AlertCondition {
  const { taskId, cause, error, failures, held, waitsFor, sinceSeconds } = down;
  const details = { name: pipeline.name, cause, error, failures, held, waits_for: waitsFor };
  const about = { subject: `pipeline ${pipeline.id}`, taskId, pipelineId: pipeline.id };
  return told({ rule: 'pipeline_down', ...about, details }, sinceSeconds);
}

/** A chain by who is asked of it: its nodes, or the portal of those who have none. */
export interface AskedChain {
  readonly chain: string;
  readonly by: 'nodes' | 'portal';
}

/** An unreachable chain, as its endpoints are to all who ask them. */
export interface UnreachableChain extends AskedChain {
  readonly chainId: number;
  readonly endpoints: readonly string[];
  readonly error: string;
  /** `refuses`: some endpoint tells of new blocks, and refuses other calls. */
  readonly cause: 'silent' | 'refuses';
  readonly sinceSeconds: number;
}

/** Returns what the alert is about that a chain is unreachable. */
export function unreachableSubject({ chain, by }: AskedChain): string {
  return by === 'nodes' ? `chain ${chain}` : `portal of chain ${chain}`;
}

/** No endpoint of a chain answers for too long. */
export function rpcUnreachable(chain: UnreachableChain, pipelineIds: readonly number[]): AlertCondition {
  const details = {
    chain: chain.chain,
    endpoints: chain.endpoints.join(', '),
    error: chain.error,
    cause: chain.cause,
    pipelines: pipelineIds.join(', '),
  };
  const [only = null, ...others] = pipelineIds;
  const about = { subject: unreachableSubject(chain), taskId: null, pipelineId: others.length === 0 ? only : null };
  return told({ rule: 'rpc_unreachable', ...about, details }, chain.sinceSeconds);
}

/** A pipeline that shall follow the head is far behind it, and does not gain. */
export function pipelineLags(
  pipeline: { readonly id: number; readonly name: string },
  lag: { readonly taskId: number; readonly blocks: number; readonly sinceSeconds: number },
): AlertCondition {
  const about = { subject: `pipeline ${pipeline.id}`, taskId: lag.taskId, pipelineId: pipeline.id };
  const details = { name: pipeline.name, lag_blocks: lag.blocks };
  return told({ rule: 'lag', ...about, details }, lag.sinceSeconds);
}

/** Too many of the tasks that ended of late have timed out. */
export function timeoutRate({ timedOut, ended, timeoutRate: rate }: TaskStatistics, minutes: number): AlertCondition {
  const details = {
    timed_out: timedOut,
    ended,
    rate: Math.round((rate ?? 0) * 1_000) / 1_000,
    window_minutes: minutes,
  };
  return told({ rule: 'timeout_rate', ...general('tasks'), details });
}

/** The database is away for too long. */
export function databaseUnreachable(awaySeconds: number, error: string): AlertCondition {
  return told({ rule: 'database_unreachable', ...general('database'), details: { error } }, awaySeconds);
}

/** No timeout monitor has given a sign of life within two of its check intervals. */
export function noMonitor(): AlertCondition {
  return told({ rule: 'no_monitor', ...general('monitor'), details: {} });
}

/** A sink can't deliver for too long. */
export function sinkBehind(sink: SinkView): AlertCondition {
  const { name, failingSeconds, behind, lastError } = sink;
  const details = { sink: name, behind, error: (lastError ?? '').slice(0, mostError) };
  return told({ rule: 'sink_behind', ...ofSink(sink), details }, failingSeconds ?? 0);
}

/** Messages of a sink are refused for good. */
export function sinkDeadLetters(sink: SinkView): AlertCondition {
  const details = { sink: sink.name, letters: sink.deadLetters };
  return told({ rule: 'sink_dead_letters', ...ofSink(sink), details });
}

function stalled(task: OfTask, details: AlertCondition['details'], sinceSeconds: number): AlertCondition {
  return told({ rule: 'pipeline_stalled', subject: `pipeline ${task.pipelineId}`, ...of(task), details }, sinceSeconds);
}

function told(found: Omit<AlertCondition, 'message' | 'sinceSeconds'>, sinceSeconds = 0): AlertCondition {
  return { ...found, sinceSeconds, message: alertText(found, sinceSeconds, 'en') };
}

function of({ taskId, pipelineId }: OfTask): OfTask {
  return { taskId, pipelineId };
}

/** Returns what alerts of a sink name. */
export function subjectOfSink({ pipelineId, name }: Pick<SinkView, 'pipelineId' | 'name'>): string {
  return `sink ${name} of pipeline ${pipelineId}`.slice(0, 255);
}

function ofSink(sink: SinkView): Pick<AlertCondition, 'subject' | 'taskId' | 'pipelineId'> {
  return { subject: subjectOfSink(sink), taskId: null, pipelineId: sink.pipelineId };
}

function general(subject: string): Pick<AlertCondition, 'subject' | 'taskId' | 'pipelineId'> {
  return { subject, taskId: null, pipelineId: null };
}
