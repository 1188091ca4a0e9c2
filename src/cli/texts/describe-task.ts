import { statusText, taskStatus, type Task } from '../../model/task.js';
import { waitingText } from '../../model/waiting.js';
import type { Lang } from '../../runtime/lang.js';
import { displayWidth } from '../terminal/display-width.js';
import { explainEnd } from './explain-end.js';
import { explainLife, type TaskDefaults } from './explain-life.js';
import { heartbeatText, progressSummary } from './task-table.js';

/** A line of a description: its label in each language, and what it says; null where there is nothing to say. */
type Line = readonly [label: Readonly<Record<Lang, string>>, value: string | null];

const labelWidth = 16;

/** Describes a task for people, a line each: how it stands, and why it is believed alive or was ended. */
export function describeTask(task: Task, defaults: TaskDefaults, lang: Lang): readonly string[] {
  const reason = task.endReason === null ? '' : ` (${task.endReason})`;
  const title = lang === 'zh' ? '任务' : 'task';
  return [
    `${title} ${task.id}: ${statusText(task.status, lang)}${reason}`,
    ...linesOf(task, defaults, lang).flatMap(([label, value]) =>
      value === null ? [] : [`  ${pad(label[lang])}${value}`],
    ),
  ];
}

function linesOf(task: Task, defaults: TaskDefaults, lang: Lang): readonly Line[] {
  const zh = lang === 'zh';
  const timeoutMinutes = task.timeoutMinutes ?? defaults.taskTimeoutMinutes;
  return [
    [{ en: 'pipeline', zh: '流水线' }, String(task.pipelineId)],
    [{ en: 'worker', zh: '进程' }, task.worker],
    [{ en: 'created', zh: '创建时间' }, task.createTime],
    [{ en: 'last heartbeat', zh: '最后心跳时间' }, heartbeatText(task, lang) ?? (zh ? '从未心跳' : 'never')],
    [{ en: 'alive', zh: '是否存活' }, task.status === taskStatus.running ? explainLife(task, defaults, lang) : null],
    [{ en: 'waits for', zh: '等待' }, task.waiting === null ? null : waitingText(task.waiting, lang)],
    [{ en: 'ended', zh: '结束时间' }, task.endTime],
    [{ en: 'why', zh: '结束原因' }, explainEnd(task, defaults, lang)],
    [{ en: 'error', zh: '错误' }, task.error],
    [{ en: 'progress', zh: '进度' }, task.progress === null ? null : progressSummary(task.progress, lang)],
    [{ en: 'timeout', zh: '超时' }, zh ? `${timeoutMinutes} 分钟` : `${timeoutMinutes} min`],
    [{ en: 'log', zh: '日志' }, task.logPath],
  ];
}

function pad(label: string): string {
  return label + ' '.repeat(Math.max(1, labelWidth - displayWidth(label)));
}
