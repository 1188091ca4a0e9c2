import { isMonitorAlive, type Monitor } from '../../model/monitor.js';
import type { Lang } from '../../runtime/lang.js';
import { textsIn } from '../../texts/texts.js';
import { agoText } from '../../texts/age-text.js';
import type { Cell } from '../terminal/output.js';
import { briefAge } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

/** The columns of the table of monitors. */
export const monitorHeadings: readonly Heading[] = [
  { column: 'monitor', least: 12 },
  { column: 'state', least: 12 },
  { column: 'lastHeartbeat', brief: briefAge },
  { column: 'checks', align: 'right', cut: 2 },
  { column: 'timedOut', align: 'right', cut: 1 },
];

/** Returns a monitor's row of that table. */
export function monitorRow(monitor: Monitor, lang: Lang): readonly Cell[] {
  const heartbeat = `${monitor.lastHeartbeat} (${agoText(monitor.heartbeatAgeSeconds, lang)})`;
  return [monitor.name, stateText(monitor, lang), heartbeat, monitor.checks, monitor.timedOut];
}

function stateText(monitor: Monitor, lang: Lang): string {
  const { monitors } = textsIn(lang);
  if (monitor.endTime !== null) return monitors.ended;
  if (!isMonitorAlive(monitor)) return monitors.silent;
  return monitor.waiting === null ? monitors.alive : monitors.waits(monitor.waiting);
}
