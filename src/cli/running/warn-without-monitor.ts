import { MonitorStore } from '../../database/operations/monitor-store.js';
import type { Database } from '../../database/database.js';
import { refusalToWrite } from '../../database/tasks/database-probe.js';
import { isMonitorAlive, type Monitor } from '../../model/monitor.js';
import { agoText } from '../../texts/age-text.js';
import type { CommandContext } from '../context/context.js';
import type { Lang } from '../../runtime/lang.js';
import { textsIn } from '../../texts/texts.js';

/** Monitors that are looked at: the newest, for the others are long gone. */
const looked = 100;

/** Warns on stderr where no monitor is alive. */
export async function warnWithoutMonitor(
  { logger, settings }: Pick<CommandContext, 'logger' | 'settings'>,
  database: Database,
): Promise<void> {
  const warning = await monitorWarning(database, settings.lang);
  if (warning === null) return;
  const { message, event, lastHeartbeat } = warning;
  logger.log('warn', message, { event, last_heartbeat: lastHeartbeat });
}

/** That no monitor is alive, or that nobody knows, and since when. */
interface MonitorWarning {
  readonly message: string;
  readonly event: 'monitor.none' | 'monitor.unknown';
  readonly lastHeartbeat: string | null;
}

/** Returns a warning where no monitor has been alive for two of its check intervals: then nobody fails what falls silent. */
export async function monitorWarning(database: Database, lang: Lang): Promise<MonitorWarning | null> {
  const monitors = await new MonitorStore(database).list(looked);
  if (monitors.some(isMonitorAlive)) return null;
  const refusal = await refusalToWrite(database);
  return {
    message: messageOf(monitors[0], refusal, lang),
    event: refusal === null ? 'monitor.none' : 'monitor.unknown',
    lastHeartbeat: monitors[0]?.lastHeartbeat ?? null,
  };
}

function messageOf(latest: Monitor | undefined, refusal: string | null, lang: Lang): string {
  const { none, unknown, latest: last } = textsIn(lang).monitors;
  const heard = latest === undefined ? '' : last(latest.name, agoText(latest.heartbeatAgeSeconds, lang));
  return refusal === null ? none(heard) : unknown(heard, refusal);
}
