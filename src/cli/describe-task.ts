import { statusText, taskStatus, type Task } from '../model/task.js';
import type { Lang } from '../runtime/messages.js';
import type { Settings } from '../runtime/settings.js';
import { ageText } from './age-text.js';
import { heartbeatText, progressSummary } from './task-table.js';

type Defaults = Pick<Settings, 'heartbeatIntervalSeconds' | 'taskTimeoutMinutes'>;

/** Describes a task for people, a line each: how it stands, and why that is believed. */
export function describeTask(task: Task, defaults: Defaults, lang: Lang): readonly string[] {
  const reason = task.endReason === null ? '' : ` (${task.endReason})`;
  const rows: readonly (readonly [label: string, value: string | null])[] = [
    ['pipeline', String(task.pipelineId)],
    ['worker', task.worker],
    ['created', task.createTime],
    ['last heartbeat', heartbeatText(task, lang) ?? 'never'],
    ['alive', task.status === taskStatus.running ? describeLife(task, defaults) : null],
    ['ended', task.endTime],
    ['error', task.error],
    ['progress', task.progress === null ? null : progressSummary(task.progress, lang)],
    ['timeout', `${task.timeoutMinutes ?? defaults.taskTimeoutMinutes} min`],
    ['log', task.logPath],
  ];
  return [
    `task ${task.id}: ${statusText(task.status, lang)}${reason}`,
    ...rows.flatMap(([label, value]) => (value === null ? [] : [`  ${label.padEnd(16)}${value}`])),
  ];
}

function describeLife(task: Task, defaults: Defaults): string {
  const { silentSeconds } = task;
  const intervalSeconds = task.heartbeatInterval ?? defaults.heartbeatIntervalSeconds;
  const timeoutMinutes = task.timeoutMinutes ?? defaults.taskTimeoutMinutes;
  const sign = task.lastHeartbeat === null ? 'it was created' : 'its last heartbeat came';
  const beat = `it beats every ${intervalSeconds} s`;
  if (silentSeconds <= 3 * intervalSeconds) return `yes: ${sign} ${ageText(silentSeconds, 'en')} ago, and ${beat}`;
  const verdict =
    silentSeconds >= timeoutMinutes * 60
      ? 'a monitor would fail it now'
      : `a monitor fails it after ${timeoutMinutes} min of silence`;
  return `in doubt: ${sign} ${ageText(silentSeconds, 'en')} ago, though ${beat}; ${verdict}`;
}
