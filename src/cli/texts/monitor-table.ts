import { isMonitorAlive, type Monitor } from '../../model/monitor.js';
import type { Lang } from '../../runtime/lang.js';
import { ageText } from '../terminal/age-text.js';
import type { Cell } from '../output.js';
import { briefAge } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

/** The columns of the table of monitors. */
export const monitorHeadings: readonly Heading[] = [
  { en: 'monitor', zh: '监控进程', least: 12 },
  { en: 'state', zh: '状态', least: 12 },
  { en: 'last heartbeat', zh: '最后心跳时间', brief: briefAge },
  { en: 'checks', zh: '检查次数', align: 'right', cut: 2 },
  { en: 'timed out', zh: '超时任务数', align: 'right', cut: 1 },
];

/** Returns a monitor's row of that table. */
export function monitorRow(monitor: Monitor, lang: Lang): readonly Cell[] {
  const age = ageText(monitor.heartbeatAgeSeconds, lang);
  const heartbeat = `${monitor.lastHeartbeat} (${lang === 'zh' ? `${age}前` : `${age} ago`})`;
  return [monitor.name, stateText(monitor, lang), heartbeat, monitor.checks, monitor.timedOut];
}

function stateText(monitor: Monitor, lang: Lang): string {
  const zh = lang === 'zh';
  if (monitor.endTime !== null) return zh ? '已结束' : 'ended';
  if (!isMonitorAlive(monitor)) return zh ? '失去心跳' : 'silent';
  if (monitor.waiting === null) return zh ? '正常' : 'alive';
  return zh ? `等待中: ${monitor.waiting}` : `waits: ${monitor.waiting}`;
}
