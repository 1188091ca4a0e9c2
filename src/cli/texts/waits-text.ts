import { taskToJson } from '../../model/task-json.js';
import { taskStatus, type Task } from '../../model/task.js';
import type { Lang } from '../../runtime/messages.js';

/** Says in words what a queued task waits for; null where it is not queued. */
export function waitsText(task: Task, lang: Lang): string | null {
  if (task.status !== taskStatus.queued) return null;
  const { waiting_for: reason } = taskToJson(task, { timeoutMinutes: 0 }) as { readonly waiting_for?: string | null };
  return lang === 'zh' ? `等待${reason ?? '工作进程'}` : `waits for ${reason ?? 'a worker'}`;
}
