import { addSeconds } from '../../model/instant.js';
import type { Task } from '../../model/task.js';
import type { Lang } from '../../runtime/lang.js';
import type { Settings } from '../../settings/settings.js';
import { ageText } from '../terminal/age-text.js';
import { isSilentFor, silenceLimit } from '../../runtime/silence.js';

/** What holds for tasks that don't say it of themselves. */
export type TaskDefaults = Pick<Settings, 'heartbeatIntervalSeconds' | 'taskTimeoutMinutes'>;

/** Says in words whether a running task is believed to be alive, and why. */
export function explainLife(task: Task, defaults: TaskDefaults, lang: Lang): string {
  const intervalSeconds = task.heartbeatInterval ?? defaults.heartbeatIntervalSeconds;
  const limitSeconds = Math.ceil(silenceLimit(intervalSeconds));
  const { silentSeconds } = task;
  if (silentSeconds < -1) return inTheFuture(-silentSeconds, lang);
  const sign = signOfLife(task, lang);
  const beat = lang === 'zh' ? `每 ${intervalSeconds} 秒一次心跳` : `it beats every ${intervalSeconds} s`;
  if (isSilentFor(silentSeconds, intervalSeconds)) return inDoubt(task, defaults, lang, [sign, beat]);
  if (silentSeconds <= Math.ceil(intervalSeconds)) {
    return lang === 'zh' ? `是: ${sign}, ${beat}` : `yes: ${sign}, and ${beat}`;
  }
  return lang === 'zh'
    ? `是, 但心跳迟到: ${sign}, 而${beat}; 静默超过 ${limitSeconds} 秒才算存疑`
    : `yes, but late: ${sign}, though ${beat}; it is in doubt after ${limitSeconds} s of silence`;
}

function signOfLife({ lastHeartbeat, silentSeconds }: Task, lang: Lang): string {
  // The column holds whole seconds, and may have been rounded up.
  const age = ageText(Math.max(0, silentSeconds), lang);
  if (lang === 'zh') return lastHeartbeat === null ? `${age}前创建, 尚无心跳` : `最后心跳在 ${age}前`;
  return lastHeartbeat === null ? `it was created ${age} ago` : `its last heartbeat came ${age} ago`;
}

/** Another program writes its local time, most likely. */
function inTheFuture(seconds: number, lang: Lang): string {
  const age = ageText(seconds, lang);
  return lang === 'zh'
    ? `未知: 最后的生命迹象比数据库时钟超前 ${age}; 请检查数据库时区 (chainparse migrate --time-zone)`
    : `unknown: its last sign of life lies ${age} ahead of the database's clock; check the database's time zone (chainparse migrate --time-zone)`;
}

function inDoubt(task: Task, defaults: TaskDefaults, lang: Lang, [sign, beat]: readonly [string, string]): string {
  const timeoutMinutes = task.timeoutMinutes ?? defaults.taskTimeoutMinutes;
  const intervalSeconds = task.heartbeatInterval ?? defaults.heartbeatIntervalSeconds;
  // As the monitor judges: of the whole seconds that an age reads, one may be none.
  const failAfterSeconds = Math.ceil(Math.max(timeoutMinutes * 60, silenceLimit(intervalSeconds)) + 1);
  const failAt = addSeconds(task.lastHeartbeat ?? task.createTime, failAfterSeconds).replace(' ', 'T');
  const isDue = task.silentSeconds >= failAfterSeconds;
  if (lang === 'zh') {
    const verdict = isDue ? '监控器现在即会判其超时' : `监控器自 ${failAt} 起会判其超时`;
    return `存疑: ${sign}, 而${beat}: 现在可被接管, ${verdict}`;
  }
  const verdict = isDue ? 'a monitor would fail it now' : `a monitor fails it from ${failAt} on`;
  return `in doubt: ${sign}, though ${beat}: it may be taken over now, and ${verdict}`;
}
