import { t } from './language.js';

/** Returns for how long a task has been silent, in seconds, by now. */
export function silentSeconds(task) {
  const since = task.receivedAt === undefined ? 0 : (performance.now() - task.receivedAt) / 1000;
  return (task.silent_seconds ?? task.heartbeat_age_seconds ?? 0) + since;
}

/**
 * Returns how a task is doing: `running` while it beats, `silent` after three of its intervals, `overdue` after its
 * time-out; `timeout` where a monitor has failed it; else its status.
 */
export function taskLevel(task) {
  if (task === null) return 'none';
  if (task.status_name !== 'running') return task.end_reason === 'timeout' ? 'timeout' : task.status_name;
  const silent = silentSeconds(task);
  if (silent > task.timeout_minutes * 60) return 'overdue';
  return silent > (task.silent_after_seconds ?? Infinity) ? 'silent' : 'running';
}

/** Returns the text of a task's level: a status has one name, whatever the reason of the end. */
export function levelText(task) {
  const level = taskLevel(task);
  if (level === 'failed' && task.end_reason === 'taken_over') return t('state.taken_over');
  return t(`state.${level}`);
}

/**
 * Returns which of two answers about a task tells more of its life: they may come in another order than they were given,
 * and who has ended does not run again.
 */
export function furtherOn(known, told) {
  return stageOf(known) > stageOf(told) ? known : told;
}

/** Returns how far a task's life has come: it is not known, waits, runs, or has ended. */
function stageOf(task) {
  const stage = [undefined, 'queued', 'running'].indexOf(task?.status_name);
  return stage === -1 ? 3 : stage;
}

/** Returns the events a second of the last step of a pipeline's rates; null where none is known. */
export function currentRate(rates) {
  return rates?.rates?.at(-1) ?? null;
}

/** Returns the last block that a task has done; null where it has done none. */
export function lastBlock({ next_block: next }) {
  return next === null || next === 0 ? null : next - 1;
}

/** Returns the block that a task waits for because the chain has not come to it yet; null: none. */
export function awaitedBlock({ mode, next_block: next, target_block: target, head_block: head }) {
  if (next === null || head === null || next <= head) return null;
  if (target !== null && next > target) return null;
  // Who follows the head always waits for the next block.
  return mode === 'realtime' && next === head + 1 ? null : next;
}

/** Returns the part of a run through history that is done, from 0 to 1; null where that can't be said. */
export function doneFraction(progress, startBlock) {
  if (!progress || progress.mode !== 'historical') return null;
  const { next_block: next, target_block: target } = progress;
  if (next === null || target === null || startBlock === null || target < startBlock) return null;
  return Math.min(1, Math.max(0, (next - startBlock) / (target + 1 - startBlock)));
}
