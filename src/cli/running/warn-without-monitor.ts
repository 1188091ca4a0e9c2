import { MonitorStore } from '../../database/operations/monitor-store.js';
import type { Database } from '../../database/database.js';
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
  logger.log('warn', warning.message, { event: 'monitor.none', last_heartbeat: warning.lastHeartbeat });
}

/** That no monitor is alive, and since when. */
interface MonitorWarning {
  readonly message: string;
  readonly lastHeartbeat: string | null;
}

/** Returns a warning where no monitor has been alive for two of its check intervals: then nobody fails what falls silent. */
export async function monitorWarning(database: Database, lang: Lang): Promise<MonitorWarning | null> {
  const { monitors, isWatched, isReadOnly } = await new MonitorStore(database).watch(looked);
  if (isWatched) return null;
  const [latest] = monitors;
  const { none, latest: last } = textsIn(lang).monitors;
  const when = latest === undefined ? '' : last(latest.name, agoText(latest.heartbeatAgeSeconds, lang));
  return { message: none(when, isReadOnly), lastHeartbeat: latest?.lastHeartbeat ?? null };
}
