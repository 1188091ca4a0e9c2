import type { Lang } from '../runtime/lang.js';
import type { LogFields, Logger, LogLevel } from '../runtime/logger.js';
import { textsIn } from './texts.js';

/** A line that operators search for: its text for people, its fields for programs. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Writes a line to a log. */
export function writeLine(logger: Logger, line: LogLine): void {
  logger.log(line.level, line.message, line.fields);
}

/** The task that a line is about; its pipeline where the caller knows it. */
export interface TaskName {
  readonly taskId: number;
  readonly pipelineId?: number | undefined;
}

function taskFields(event: string, { taskId, pipelineId }: TaskName): LogFields {
  return { event, task_id: taskId, ...(pipelineId === undefined ? {} : { pipeline_id: pipelineId }) };
}

/** Says that a beat could not be written. */
export function heartbeatFailed(lang: Lang, task: TaskName, error: string): LogLine {
  const message = textsIn(lang).logs.heartbeatFailed(task.taskId, error);
  return { level: 'error', message, fields: { ...taskFields('heartbeat.failed', task), error } };
}

/** Says that a beat was written. */
export function heartbeatSent(lang: Lang, task: TaskName): LogLine {
  const message = textsIn(lang).logs.heartbeatSent(task.taskId);
  return { level: 'debug', message, fields: taskFields('heartbeat.sent', task) };
}

/** What the monitor knew about a task when it failed it. Times are in the database's time zone, no suffix. */
export interface TimedOutTask {
  readonly taskId: number;
  readonly pipelineId: number;
  readonly lastHeartbeat: string | null;
  readonly createTime: string | null;
  /** Seconds since the last heartbeat, else since the creation. */
  readonly silentSeconds: number;
  readonly timeoutMinutes: number;
}

/** Says that a task was failed because it had been silent for too long. */
export function taskTimedOut(lang: Lang, task: TimedOutTask): LogLine {
  const { taskId, pipelineId, timeoutMinutes } = task;
  const ago = Math.floor(task.silentSeconds / 60);
  const message = textsIn(lang).logs.timedOut(taskId, pipelineId, lastSign(lang, task), ago, timeoutMinutes);
  const fields = {
    ...taskFields('task.timed_out', task),
    last_heartbeat: task.lastHeartbeat,
    create_time: task.createTime,
    silent_seconds: task.silentSeconds,
    timeout_minutes: timeoutMinutes,
  };
  return { level: 'warn', message, fields };
}

function lastSign(lang: Lang, { lastHeartbeat, createTime }: TimedOutTask): string {
  const { logs } = textsIn(lang);
  return lastHeartbeat === null ? logs.neverBeaten(createTime ?? '-') : logs.lastHeartbeat(lastHeartbeat);
}

/** A task's change of status; `from` and `to` are the statuses' names: the same for programs in every language. */
export interface StatusChange extends TaskName {
  readonly from: string;
  readonly to: string;
  /** The end reason, where the task ended. */
  readonly reason?: string | null | undefined;
}

/** Says that a task's status changed. */
export function statusChanged(lang: Lang, change: StatusChange): LogLine {
  const { taskId, from, to } = change;
  const reason = change.reason ?? null;
  const { logs, tasks } = textsIn(lang);
  const textOf = (name: string): string => (tasks.status as Readonly<Record<string, string>>)[name] ?? name;
  const text = `${textOf(from)} -> ${textOf(to)}${reason === null ? '' : ` (${reason})`}`;
  const message = logs.statusChanged(taskId, text);
  return { level: 'info', message, fields: { ...taskFields('task.status', change), from, to, reason } };
}

/** What one check of the monitor found. */
export interface CheckCounts {
  readonly running: number;
  readonly timedOut: number;
  readonly durationMs: number;
}

/** Says that the monitor made a check; it is worth an operator's attention only where a task timed out. */
export function timeoutChecked(lang: Lang, { running, timedOut, durationMs }: CheckCounts): LogLine {
  const ms = Math.round(durationMs);
  const message = textsIn(lang).logs.timeoutChecked(running, timedOut, ms);
  const fields = { event: 'monitor.checked', running, timed_out: timedOut, duration_ms: ms };
  return { level: timedOut > 0 ? 'info' : 'debug', message, fields };
}
