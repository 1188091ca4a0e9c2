import { taskStatus, type Task } from '../../model/task.js';
import type { Restart } from '../../model/pipeline.js';
import type { Slot } from '../../model/slot.js';
import {
  hasCommitted,
  restartWaitSeconds,
  type EndedTask,
  type EndVerdict,
  type UnjudgedEnd,
} from '../../model/wanted.js';

/** What an end is judged by, beside itself. */
export interface JudgeFacts {
  readonly restart: Restart;
  /** The next time of its schedule; null: it has none. */
  readonly slot: Slot | null;
  /** There is nothing left to read: it is historical, and has come to its end. */
  readonly isDone: boolean;
  /** Ends in a row, this one included, that were the same at the same block: with the same fault, or in order. */
  readonly sameEnds: number;
}

/** So many times the same fault at one block is one of the data: no trying mends it. */
export const faultsThatHold = 5;

/** Ends that are looked at: with more no wait is longer. */
export const mostEnds = 9;

/** Ends that only a person can mend. */
const forPeople: ReadonlySet<string> = new Set(['needs_rewind', 'chain_mismatch', 'usage', 'refused']);

/** Ends that say nothing of the data: what can't be reached is tried for ever. */
const ofTheWay: ReadonlySet<string> = new Set([
  ...['timeout', 'taken_over', 'lease_lost', 'lease_held', 'chain_unreachable', 'portal_unreachable'],
  ...['database_unreachable', 'database_unusable', 'schema_newer', 'not_migrated'],
]);

/** Judges what follows from the end of a started pipeline's task. */
export function judgeEnd(end: UnjudgedEnd, facts: JudgeFacts): EndVerdict {
  const { task } = end;
  const { slot, restart, isDone } = facts;
  const hasRead = task !== null && !hasOnlyDelivered(task);
  if (!hasRead && slot !== null) return { kind: 'scheduled', slot };
  const moved = hasCommitted(end.version, end.judgedVersion);
  if (!hasRead || wasHandedBack(task)) return { kind: 'again', inSeconds: 0, failures: moved ? 0 : end.failures };
  const hasEnded = task.status === taskStatus.succeeded && isDone;
  // Of a scheduled one what a person asked for beside that has no say in when it runs.
  const isPart = task.status === taskStatus.succeeded && task.request?.toBlock !== undefined;
  if (slot !== null && (hasEnded || isPart || restart === 'never')) return { kind: 'scheduled', slot };
  if (restart === 'never' || (hasEnded && restart !== 'always')) return { kind: 'done' };
  // What finds nothing new is run less and less often, and has not failed.
  if (task.status === taskStatus.succeeded) return again(task, moved ? 1 : Math.max(1, facts.sameEnds), 0);
  const failures = moved ? 1 : end.failures + 1;
  const reason = holdingReason(task, failures, facts);
  if (reason === null) return again(task, failures, failures);
  // A person has changed the definition since it began, and would have let it go.
  if (end.judgedTaskId === task.id) return { kind: 'again', inSeconds: 0, failures: 0 };
  return { kind: 'held', reason, failures };
}

/** Whoever judges comes by every few seconds: what has passed by then was waited for. */
function again({ overForSeconds }: EndedTask, ends: number, failures: number): EndVerdict {
  return { kind: 'again', inSeconds: Math.max(0, restartWaitSeconds(ends) - overForSeconds), failures };
}

/** Says whether an end may be one of the data, so that the ends before it matter. */
export function mayBeOfData({ status, endReason }: EndedTask): boolean {
  return status === taskStatus.failed && endReason !== null && !ofTheWay.has(endReason) && !forPeople.has(endReason);
}

/** Counts how many of the tasks, newest first, ended in a row as the first one did, at the same block. */
export function countSameEnds(tasks: readonly Pick<Task, 'endReason' | 'error' | 'progress'>[]): number {
  const endOf = ({ endReason, error, progress }: (typeof tasks)[number]): string =>
    JSON.stringify([endReason, error, progress?.nextBlock ?? null]);
  const [first] = tasks;
  if (first === undefined) return 0;
  const other = tasks.findIndex((task) => endOf(task) !== endOf(first));
  return other === -1 ? tasks.length : other;
}

/** A process that was told to end gave it back, and no fault of its own ended it. */
function wasHandedBack({ status, endReason }: EndedTask): boolean {
  return status === taskStatus.succeeded && (endReason === 'handed_over' || endReason === 'stopped');
}

/** It read nothing: the pipeline was started beside it. */
function hasOnlyDelivered({ status, request }: EndedTask): boolean {
  return status === taskStatus.succeeded && request?.deliverOnly === true;
}

/** Says whether only a person can mend what a task ended with. */
export function isForPeople({ endReason }: Pick<EndedTask, 'endReason'>): boolean {
  return endReason !== null && forPeople.has(endReason);
}

function holdingReason(task: EndedTask, failures: number, { sameEnds }: JudgeFacts): string | null {
  if (task.status !== taskStatus.failed || task.endReason === null) return null;
  const error = task.error ?? task.endReason;
  if (isForPeople(task)) return error;
  if (!mayBeOfData(task) || Math.min(failures, sameEnds) < faultsThatHold) return null;
  const where = task.nextBlock === null ? '' : ` at block ${task.nextBlock}`;
  return `${faultsThatHold} times the same fault${where}: ${error}`;
}
