import type { TimeoutRule, TimeoutStore } from '../database/timeout-store.js';
import type { Task } from '../model/task.js';
import { statusText, taskStatus } from '../model/task.js';
import type { Logger } from '../runtime/logger.js';
import { statusChanged, taskTimedOut, writeLine } from '../runtime/messages.js';
import type { Lang } from '../runtime/messages.js';

export interface TimeoutCheck {
  readonly store: TimeoutStore;
  readonly logger: Logger;
  readonly lang: Lang;
  readonly rule: TimeoutRule;
  /** Stands in the `error` of the tasks that this check fails, and of no others. */
  readonly reason: string;
  /** The database's clock as a probe has just read it. */
  readonly now: string;
}

/** Tasks that one statement judges: few enough to hold its locks for milliseconds. */
const chunkSize = 200;

/** How long after the probe the statement may still take effect, in seconds. */
const deadlineSeconds = 5;

/** Fails the running tasks that are silent for longer than their timeout, chunk by chunk; returns and logs them. */
export async function failSilentTasks(check: TimeoutCheck): Promise<readonly Task[]> {
  const failed: Task[] = [];
  for (let afterId = 0; ;) {
    const silent = await check.store.listSilent(check.rule, afterId, chunkSize);
    failed.push(...(await failChunk(check, silent)));
    const last = silent.at(-1);
    if (last === undefined || silent.length < chunkSize) return failed;
    afterId = last.id;
  }
}

async function failChunk(check: TimeoutCheck, silent: readonly Task[]): Promise<readonly Task[]> {
  if (silent.length === 0) return [];
  const free = new Set(await check.store.unlocked(silent.map(({ id }) => id)));
  for (const task of silent.filter(({ id }) => !free.has(id))) tellLocked(check.logger, task);
  if (free.size === 0) return [];
  const verdict = { rule: check.rule, reason: check.reason, deadline: addSeconds(check.now, deadlineSeconds) };
  const failed = await check.store.fail([...free], verdict);
  for (const task of failed) tellTimedOut(check, task);
  return failed;
}

/** Adds seconds to an instant as the database writes it; its offset from UTC is fixed, so UTC's arithmetic serves. */
function addSeconds(instant: string, seconds: number): string {
  const at = Date.parse(`${instant.slice(0, 19).replace(' ', 'T')}Z`) + seconds * 1_000;
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

function tellLocked(logger: Logger, task: Task): void {
  const fields = { event: 'monitor.locked', task_id: task.id, pipeline_id: task.pipelineId };
  logger.log('warn', `task ${task.id} is silent, but its row is locked by somebody: judged at the next check`, fields);
}

function tellTimedOut({ logger, lang, rule }: TimeoutCheck, task: Task): void {
  const { id: taskId, pipelineId, lastHeartbeat, createTime, silentSeconds, worker, progress } = task;
  const timeoutMinutes = task.timeoutMinutes ?? rule.timeoutSeconds / 60;
  const line = taskTimedOut(lang, { taskId, pipelineId, lastHeartbeat, createTime, silentSeconds, timeoutMinutes });
  writeLine(logger, { ...line, fields: { ...line.fields, worker, progress } });
  const from = statusText(taskStatus.running, lang);
  const to = statusText(taskStatus.failed, lang);
  writeLine(logger, statusChanged(lang, { taskId, pipelineId, from, to, reason: 'timeout' }));
}
