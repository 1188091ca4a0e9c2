import { MonitorStore } from '../../database/operations/monitor-store.js';
import type { Database } from '../../database/database.js';
import { isMonitorAlive, type Monitor } from '../../model/monitor.js';
import { ageText } from '../terminal/age-text.js';
import type { CommandContext } from '../context.js';

/** Monitors that are looked at: the newest, for the others are long gone. */
const looked = 100;

/** Warns on stderr where no monitor has been alive for two of its check intervals: then nobody fails what falls silent. */
export async function warnWithoutMonitor(
  { logger, settings }: Pick<CommandContext, 'logger' | 'settings'>,
  database: Database,
): Promise<void> {
  const monitors = await new MonitorStore(database).list(looked);
  if (monitors.some(isMonitorAlive)) return;
  const message = settings.lang === 'zh' ? chinese(monitors[0]) : english(monitors[0]);
  logger.log('warn', message, { event: 'monitor.none', last_heartbeat: monitors[0]?.lastHeartbeat ?? null });
}

function english(latest: Monitor | undefined): string {
  const since =
    latest === undefined ? '' : ` (the last, ${latest.name}, beat ${ageText(latest.heartbeatAgeSeconds, 'en')} ago)`;
  return `no monitor is alive${since}: nobody fails tasks that fall silent; start one with 'chainparse monitor'`;
}

function chinese(latest: Monitor | undefined): string {
  const since =
    latest === undefined ? '' : ` (最近的 ${latest.name} 在 ${ageText(latest.heartbeatAgeSeconds, 'zh')}前心跳)`;
  return `没有存活的监控进程${since}: 失去心跳的任务不会被标记为失败; 请运行 'chainparse monitor'`;
}
