import type { Lang } from '../runtime/lang.js';
import { isSilentFor, knownAge } from '../runtime/silence.js';
import { isLowHead } from './low-head.js';
import { textsIn } from '../texts/texts.js';
import type { Waiting } from './waiting.js';

/** A task's status as a number: the one that the table and older programs hold. */
export const taskStatus = { running: 0, succeeded: 1, failed: 2, queued: 3 } as const;

export type TaskStatusName = keyof typeof taskStatus;

/** Characters of a reason that are kept: a TEXT column of MySQL and MariaDB holds 65,535 bytes, and one too long would not let a task end. */
const mostReason = 16_000;

/** Returns what is kept of why a task failed, waits or is held: its beginning, where it is long. */
export function keptReason<T extends string | null>(reason: T): T | string {
  return reason === null || reason.length <= mostReason ? reason : `${reason.slice(0, mostReason - 1)}…`;
}

/** Returns the English name of a status; a number that no version of the table uses reads `unknown`. */
export function statusName(status: number): TaskStatusName | 'unknown' {
  const names: readonly TaskStatusName[] = ['running', 'succeeded', 'failed', 'queued'];
  return names[status] ?? 'unknown';
}

/** Returns the text of a status in a language. */
export function statusText(status: number, lang: Lang): string {
  const name = statusName(status);
  return name === 'unknown' ? `? (${status})` : textsIn(lang).tasks.status[name];
}

/** A process that holds tasks, as its claims write it into their rows. */
export interface Holder {
  /** `host:pid`. */
  readonly name: string;
  /** Tells this process from a later one with the same pid; null where the system does not say. */
  readonly identity: string | null;
}

/** What a task has done. It moves only when work moves. */
export interface Progress {
  readonly mode: 'realtime' | 'historical';
  readonly nextBlock: number | null;
  readonly targetBlock: number | null;
  readonly headBlock: number | null;
  /** The newest block that counts as settled enough to be read; left out where that is the head. */
  readonly readableBlock?: number;
  /** Some contracts of the definition that have no code on the chain; left out: none is known of. */
  readonly withoutCode?: readonly string[];
  /** Events committed by this task. */
  readonly events: number;
  /** How many of them its shards' tasks had read, and counted, before they joined; left out: none. */
  readonly joined?: number;
  /** Since when nobody knows how far behind the task is, in the database's time zone: no endpoint of it answers, or its commits do not land; left out where it is known. */
  readonly lagUnknownSince?: string;
  /** The same as its run tells it, for the clock of its host is not the database's: for how many seconds, when it beat last. */
  readonly lagUnknownSeconds?: number;
}

/** A row of `pipeline_task` as the database's clock sees it now. Times are in the database's time zone, no suffix. */
export interface Task {
  readonly id: number;
  readonly pipelineId: number;
  readonly status: number;
  /** Null where an older program has written none. */
  readonly createTime: string | null;
  readonly lastHeartbeat: string | null;
  readonly logPath: string | null;
  /** `host:pid`. */
  readonly worker: string | null;
  /** Tells the process apart from a later one with the same pid; null for rows of other programs. */
  readonly workerIdentity: string | null;
  /** Seconds. */
  readonly heartbeatInterval: number | null;
  readonly timeoutMinutes: number | null;
  readonly endTime: string | null;
  readonly endReason: string | null;
  readonly error: string | null;
  /** Of a task that parked its pipeline: the newest block whose rows a rewind may keep; null: none. */
  readonly keepsBlock: number | null;
  readonly progress: Progress | null;
  /** Seconds since the last heartbeat, by the database's clock; null where there was none. */
  readonly heartbeatAgeSeconds: number | null;
  /** Seconds since the last sign of life (heartbeat, else creation), by the database's clock; 0 where there is neither. */
  readonly silentSeconds: number;
  /** It reads nothing, and only delivers what is due to sinks; left out: it reads. */
  readonly deliversOnly?: boolean;
  /** The shard of its pipeline's history that it reads, from 2 on; left out: it is the pipeline's own task. */
  readonly shard?: number;
  /** Why it has not begun; null where it does not wait. */
  readonly waiting: Waiting | null;
}

/** Says whether a task neither runs nor waits any more. */
export function hasEnded({ status }: Pick<Task, 'status'>): boolean {
  return status !== taskStatus.running && status !== taskStatus.queued;
}

/** Says whether a task is, or was, held by a process. */
export function isHeldBy({ worker, workerIdentity }: Task, { name, identity }: Holder): boolean {
  return worker === name && workerIdentity === identity;
}

/** Says whether a task runs and has given no sign of life for three of its heartbeats, or of the default where it names none. */
export function isSilent(
  { status, silentSeconds, heartbeatInterval }: Pick<Task, 'status' | 'silentSeconds' | 'heartbeatInterval'>,
  defaultIntervalSeconds: number,
): boolean {
  return status === taskStatus.running && isSilentFor(silentSeconds, heartbeatInterval ?? defaultIntervalSeconds);
}

/**
 * Returns for how many seconds a task has given no sign of life; null where nobody knows: it never gave one, nor was its creation
 * written down, or its last one lies ahead of the database's clock.
 */
export function knownSilence({ lastHeartbeat, createTime, silentSeconds }: Task): number | null {
  return (lastHeartbeat ?? createTime) === null ? null : knownAge(silentSeconds);
}

/** Returns how many seconds ago a task beat last; null where it never did, or nobody knows, for its beat lies ahead of the database's clock. */
export function heartbeatAge(task: Pick<Task, 'heartbeatAgeSeconds'> | null): number | null {
  const age = task?.heartbeatAgeSeconds ?? null;
  return age === null ? null : knownAge(age);
}

/** Returns how many blocks a task is behind the head; null while nobody knows: one of the two is unknown, or the head is well below what was read. */
export function lagBlocks({ headBlock, nextBlock, lagUnknownSince, lagUnknownSeconds }: Progress): number | null {
  if (headBlock === null || nextBlock === null) return null;
  if (lagUnknownSince !== undefined || lagUnknownSeconds !== undefined) return null;
  return isLowHead(headBlock, nextBlock - 1) ? null : Math.max(0, headBlock - nextBlock);
}

/** Returns how many events a task has read itself: what rates go by, for what has joined was in those of other tasks. */
export function eventsRead(progress: Progress | null): number {
  return progress === null ? 0 : progress.events - (progress.joined ?? 0);
}

/** Returns the last block that a task has done; null where it has done none, or that is not known. */
export function lastBlock({ nextBlock }: Pick<Progress, 'nextBlock'>): number | null {
  return nextBlock === null || nextBlock === 0 ? null : nextBlock - 1;
}

/** Returns the block that a task waits for because the chain has not come to it yet; null: none. */
export function awaitedBlock({ mode, nextBlock, targetBlock, headBlock }: Progress): number | null {
  if (nextBlock === null || headBlock === null || nextBlock <= headBlock) return null;
  if (targetBlock !== null && nextBlock > targetBlock) return null;
  // Who follows the head always waits for the next block.
  return mode === 'realtime' && nextBlock === headBlock + 1 ? null : nextBlock;
}
