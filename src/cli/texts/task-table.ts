import { lagBlocks, statusText, type Progress, type Task } from '../../model/task.js';
import type { Lang } from '../../runtime/lang.js';
import { ageText } from '../terminal/age-text.js';
import type { Cell } from '../output.js';
import { briefAge, briefInstant, briefProgress } from '../terminal/brief-texts.js';
import { blockText } from './block-text.js';
import { waitsText } from './waits-text.js';
import type { Heading } from '../terminal/render-table.js';

/** The columns of the tasks table. */
export const taskHeadings: readonly Heading[] = [
  { en: 'id', zh: '编号', align: 'right' },
  { en: 'pipeline', zh: '流水线', align: 'right' },
  { en: 'status', zh: '状态' },
  { en: 'worker', zh: '进程', cut: 5, least: 12 },
  { en: 'created', zh: '创建时间', cut: 4, brief: briefInstant },
  { en: 'last heartbeat', zh: '最后心跳时间', brief: briefAge },
  { en: 'progress', zh: '进度', cut: 1, least: 18, brief: briefProgress },
  { en: 'end reason', zh: '结束原因', cut: 3, least: 8 },
];

/** Returns a task's row of that table. */
export function taskRow(task: Task, lang: Lang): readonly Cell[] {
  return [
    task.id,
    task.pipelineId,
    statusText(task.status, lang),
    task.worker,
    task.createTime,
    heartbeatText(task, lang),
    waitsText(task, lang) ?? (task.progress === null ? null : progressSummary(task.progress, lang)),
    task.endReason,
  ];
}

/** Returns when a task beat last, and how long ago that is; null where it never did. */
export function heartbeatText({ lastHeartbeat, heartbeatAgeSeconds: age }: Task, lang: Lang): string | null {
  if (lastHeartbeat === null || age === null) return lastHeartbeat;
  // Other programs may write local time.
  if (age < -1)
    return `${lastHeartbeat} (${lang === 'zh' ? `超前 ${ageText(-age, lang)}` : `${ageText(-age, lang)} ahead`})`;
  const text = ageText(Math.max(0, age), lang);
  return `${lastHeartbeat} (${lang === 'zh' ? `${text}前` : `${text} ago`})`;
}

/** Says of a lag that it is not known, and since when. */
export function unknownLagText(since: string, lang: Lang): string {
  return lang === 'zh' ? `自 ${since} 起未知` : `unknown since ${since}`;
}

/** Returns a task's progress in a few words; `unknownSince`: the chain's head is not known, since then. */
export function progressSummary(progress: Progress, lang: Lang, unknownSince: string | null = null): string {
  const { events } = progress;
  const lag = progress.mode === 'realtime' ? lagBlocks(progress) : null;
  const zh = lang === 'zh';
  const parts = [
    blockText(progress, lang),
    lag === null ? null : lagText(lag, lang, unknownSince),
    zh ? `${events} 个事件` : `${events} ${events === 1 ? 'event' : 'events'}`,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function lagText(lag: number, lang: Lang, unknownSince: string | null): string {
  const zh = lang === 'zh';
  if (unknownSince === null) return zh ? `落后 ${lag}` : `${lag} behind`;
  return `${zh ? '落后' : 'lag'} ${unknownLagText(unknownSince, lang)}`;
}
