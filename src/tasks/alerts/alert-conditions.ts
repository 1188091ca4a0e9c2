import type { TaskStatistics } from '../../database/tasks/task-statistics.js';
import type { AlertCondition } from '../../model/alert.js';
import type { Task } from '../../model/task.js';
import type { SinkView } from '../views/sink-view.js';

/** The task that a condition is about. */
interface OfTask {
  readonly taskId: number;
  readonly pipelineId: number;
}

/** So many beats of a task in a row have failed. */
export function heartbeatFailing(task: OfTask, failures: number, error: string): AlertCondition {
  const message = `${failures} heartbeats of task ${task.taskId} (pipeline ${task.pipelineId}) in a row have failed: ${error}`;
  return { rule: 'heartbeat_failing', ...about(task), message, details: { failures, error } };
}

/** Nothing has moved in a task's run for too long; it says so itself. */
export function taskHangs(task: OfTask, stillSeconds: number): AlertCondition {
  const message = `task ${task.taskId} (pipeline ${task.pipelineId}) has not moved for ${stillSeconds} s, and stops beating`;
  return { rule: 'task_stalled', ...about(task), message, details: { still_seconds: stillSeconds } };
}

/** A running task is silent for more than three of its intervals, and has not timed out yet. */
export function taskSilent({ id: taskId, pipelineId, silentSeconds, worker }: Task): AlertCondition {
  const where = worker === null ? '' : ` on ${worker}`;
  const message = `task ${taskId} (pipeline ${pipelineId})${where} is running, but silent for ${silentSeconds} s`;
  const details = { silent_seconds: silentSeconds, worker };
  return { rule: 'task_stalled', ...about({ taskId, pipelineId }), message, details };
}

/** So many running tasks are silent that each by itself would be noise. */
export function manySilent(tasks: readonly Task[]): AlertCondition {
  const example = `such as task ${tasks[0]?.id ?? 0}`;
  const message = `${tasks.length} running tasks are silent, ${example}: chainparse tasks list --status running`;
  return { rule: 'task_stalled', ...general('running tasks'), message, details: { tasks: tasks.length } };
}

/** Too many of the tasks that ended of late have timed out. */
export function timeoutRate({ timedOut, ended, timeoutRate: rate }: TaskStatistics, minutes: number): AlertCondition {
  const message = `${timedOut} of ${ended} tasks that ended in the last ${minutes} min have timed out`;
  const details = {
    timed_out: timedOut,
    ended,
    rate: Math.round((rate ?? 0) * 1_000) / 1_000,
    window_minutes: minutes,
  };
  return { rule: 'timeout_rate', ...general('tasks'), message, details };
}

/** The database is away for too long. */
export function databaseUnreachable(awaySeconds: number, error: string): AlertCondition {
  const away = Math.round(awaySeconds);
  const message = `the database can't be reached for ${away} s: ${error}`;
  return { rule: 'database_unreachable', ...general('database'), message, details: { away_seconds: away, error } };
}

/** No timeout monitor has given a sign of life within two of its check intervals. */
export function noMonitor(): AlertCondition {
  const message = 'no monitor is alive: tasks that fall silent are not failed (chainparse monitor)';
  return { rule: 'no_monitor', ...general('monitor'), message, details: {} };
}

/** A sink can't deliver for too long. */
export function sinkBehind(sink: SinkView): AlertCondition {
  const { pipelineId, name, failingSeconds, behind, lastError } = sink;
  const error = lastError ?? '';
  const details = { sink: name, failing_seconds: failingSeconds, behind, error };
  const message = `sink ${name} of pipeline ${pipelineId} can't deliver for ${failingSeconds ?? 0} s, and is ${behind} blocks behind: ${error}`;
  return { rule: 'sink_behind', ...ofSink(sink), message, details };
}

/** Messages of a sink are refused for good. */
export function sinkDeadLetters(sink: SinkView): AlertCondition {
  const { pipelineId, name, deadLetters } = sink;
  const message = `sink ${name} of pipeline ${pipelineId} has ${deadLetters} dead letters: chainparse sink dead-letters list ${pipelineId} ${name}`;
  return { rule: 'sink_dead_letters', ...ofSink(sink), message, details: { sink: name, letters: deadLetters } };
}

function ofSink({ pipelineId, name }: SinkView): Pick<AlertCondition, 'subject' | 'taskId' | 'pipelineId'> {
  return { subject: `sink ${name} of pipeline ${pipelineId}`.slice(0, 255), taskId: null, pipelineId };
}

function about({ taskId, pipelineId }: OfTask): Pick<AlertCondition, 'subject' | 'taskId' | 'pipelineId'> {
  return { subject: `task ${taskId}`, taskId, pipelineId };
}

function general(subject: string): Pick<AlertCondition, 'subject' | 'taskId' | 'pipelineId'> {
  return { subject, taskId: null, pipelineId: null };
}
