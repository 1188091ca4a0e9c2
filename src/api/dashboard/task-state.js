import { formatAge, t } from './language.js';

/** Clocks that are set alike differ by less, in seconds: a beat further ahead says nothing of when it was. */
export const aheadLimit = 5;

/** Returns an answer of the API about a task, with the moment at which it came: it grows older from then on. */
export function justRead(task) {
  return { ...task, readAt: performance.now() };
}

/** Returns the seconds since a task's last sign of life by now; below zero where that lies ahead; null: none is known. */
function sinceSign(task) {
  const told = task.silent_seconds ?? task.heartbeat_age_seconds ?? null;
  const passed = task.readAt === undefined ? 0 : (performance.now() - task.readAt) / 1000;
  return told === null ? null : told + passed;
}

/** Returns for how long a task has been silent, in seconds, by now; null: nobody knows. */
export function silentSeconds(task) {
  const since = sinceSign(task);
  return since === null || since < -aheadLimit ? null : Math.max(0, since);
}

/** Returns for how long a task has been silent, in words; or that nobody knows, and how far its last beat lies ahead. */
export function silenceText(task) {
  const silent = silentSeconds(task);
  if (silent !== null) return formatAge(silent);
  const since = sinceSign(task);
  return since === null ? t('state.unknown') : t('age.ahead', { age: formatAge(-since) });
}

/** Returns when a task has beaten last, in words. */
export function beatText(task) {
  if (task.last_heartbeat === null) return t('age.never');
  return silentSeconds(task) === null ? silenceText(task) : t('age.ago', { age: silenceText(task) });
}

/**
 * Returns how a task is doing: `running` while it beats, `silent` after three of its intervals, `overdue` after its
 * time-out, `unknown` where nobody knows for how long it is silent, or from when on that is odd; `timeout` where a
 * monitor has failed it; else its status.
 */
export function taskLevel(task) {
  if (task === null) return 'none';
  if (task.status_name !== 'running') return task.end_reason === 'timeout' ? 'timeout' : task.status_name;
  const silent = silentSeconds(task);
  if (silent === null) return 'unknown';
  if (silent > task.timeout_minutes * 60) return 'overdue';
  if (task.silent_after_seconds === undefined) return 'unknown';
  return silent > task.silent_after_seconds ? 'silent' : 'running';
}

/** Returns since when nobody knows how far a task is behind; null: that is known. */
export function lagUnknownSince({ lag_unknown_since: since, progress }) {
  return since ?? progress?.lag_unknown_since ?? null;
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
