import { taskStatus, type Task } from '../../model/task.js';
import { waitingText } from '../../model/waiting.js';
import type { Lang } from '../../runtime/lang.js';

/** Says in words what a queued task waits for; null where it is not queued. */
export function waitsText({ status, waiting }: Task, lang: Lang): string | null {
  if (status !== taskStatus.queued || waiting === null) return null;
  return lang === 'zh' ? `等待${waitingText(waiting, lang)}` : `waits for ${waitingText(waiting, lang)}`;
}
