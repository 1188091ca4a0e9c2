import type { TimeoutRule, TimeoutStore } from '../../database/tasks/timeout-store.js';
import { addSeconds } from '../../model/instant.js';
import type { Task } from '../../model/task.js';
import { progressToJson } from '../../model/task-json.js';
import type { Logger } from '../../runtime/logger.js';
import { statusChanged, taskTimedOut, writeLine } from '../../texts/log-lines.js';
import type { Lang } from '../../runtime/lang.js';
import type { Observe } from '../../model/liveness-event.js';

/** What a judgement is founded on. */
export interface Trust {
  /** The database's clock, as it writes instants. */
  readonly now: string;
  /** For how many seconds runs could be heard without a break; null where no break is known. */
  readonly heardForSeconds: number | null;
}

export interface CheckParts {
  readonly store: TimeoutStore;
  readonly logger: Logger;
  readonly lang: Lang;
  readonly observe: Observe;
  readonly rule: TimeoutRule;
  /** Stands in the `error` of the tasks that this check fails, and of no others. */
  readonly reason: string;
  /** Asks anew whether the silent may be judged; null where they may not any more. */
  readonly trust: () => Promise<Trust | null>;
  /** Takes the tasks that are failed. */
  readonly failed: Task[];
}

/** Tasks that one statement judges: few enough to hold its locks for milliseconds. */
const chunkSize = 200;

/** How long after the probe the statement may still take effect, in seconds, at most. */
const longestDeadlineSeconds = 5;

/**
 * Fails the running tasks that are silent for longer than their timeout, chunk by chunk; logs them. Returns whether it
 * came to the end.
 */
export async function failSilentTasks(check: CheckParts): Promise<boolean> {
  for (const id of await check.store.takeBackAhead()) tellAhead(check.logger, id);
  for (const task of await check.store.takeLost()) noteFailed(check, task);
  for (let afterId = 0; ;) {
    const silent = await check.store.listSilent(check.rule, afterId, chunkSize);
    const last = silent.at(-1);
    if (last === undefined) return true;
    const trust = await check.trust();
    if (trust === null) return false;
    await failChunk(check, silent, trust);
    if (silent.length < chunkSize) return true;
    afterId = last.id;
  }
}

async function failChunk(check: CheckParts, silent: readonly Task[], trust: Trust): Promise<void> {
  const passedOver = await failUnlocked(check, silent, trust);
  // A beat, or another monitor that was looking, holds a row for a moment only.
  for (const task of await failUnlocked(check, passedOver, trust)) tellLocked(check.logger, task);
}

/** Returns the tasks whose rows somebody has locked. */
async function failUnlocked(check: CheckParts, silent: readonly Task[], trust: Trust): Promise<readonly Task[]> {
  if (silent.length === 0) return [];
  const free = new Set(await check.store.unlocked(silent.map(({ id }) => id)));
  const { rule, reason } = check;
  const deadline = addSeconds(trust.now, deadlineSeconds(rule.heartbeatIntervalSeconds));
  const verdict = { rule, reason, deadline, heardForSeconds: trust.heardForSeconds };
  const failed = free.size === 0 ? [] : await check.store.fail([...free], verdict);
  for (const task of failed) noteFailed(check, task);
  return silent.filter(({ id }) => !free.has(id));
}

function noteFailed(check: CheckParts, task: Task): void {
  check.failed.push(task);
  tellTimedOut(check, task);
  check.observe({ kind: 'timed_out', task });
}

/** So few that a living run, kept from beating since the probe, has missed no more than one beat. */
function deadlineSeconds(heartbeatIntervalSeconds: number): number {
  return Math.min(longestDeadlineSeconds, Math.max(1, Math.floor(heartbeatIntervalSeconds)));
}

function tellAhead(logger: Logger, taskId: number): void {
  const fields = { event: 'monitor.clock', task_id: taskId };
  logger.log('warn', `the last heartbeat of task ${taskId} lies in the future: its silence counts from now on`, fields);
}

function tellLocked(logger: Logger, task: Task): void {
  const fields = { event: 'monitor.locked', task_id: task.id, pipeline_id: task.pipelineId };
  logger.log('warn', `task ${task.id} is silent, but its row is locked by somebody: judged at the next check`, fields);
}

function tellTimedOut({ logger, lang, rule }: CheckParts, task: Task): void {
  const { id: taskId, pipelineId, lastHeartbeat, createTime, silentSeconds, worker, progress } = task;
  const timeoutMinutes = task.timeoutMinutes ?? rule.timeoutSeconds / 60;
  const shown = progress && progressToJson(progress);
  const line = taskTimedOut(lang, { taskId, pipelineId, lastHeartbeat, createTime, silentSeconds, timeoutMinutes });
  writeLine(logger, { ...line, fields: { ...line.fields, worker, progress: shown } });
  writeLine(logger, statusChanged(lang, { taskId, pipelineId, from: 'running', to: 'failed', reason: 'timeout' }));
}
