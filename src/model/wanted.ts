import type { Lang } from '../runtime/lang.js';
import type { RunRequest } from './run-request.js';
import type { Slot } from './slot.js';
import { textsIn } from '../texts/texts.js';

/** What a person wants of a pipeline, and what keeps it from being so. Times are in the database's time zone, no suffix. */
export interface Wanted {
  readonly pipelineId: number;
  /** A started pipeline is kept running by the workers, whatever happens to its tasks. */
  readonly state: 'started' | 'stopped';
  /** When a person, or the end of what there was to do, last changed the state. */
  readonly since: string;
  /** Ends of its tasks in a row, without a committed block between, that were not in order. */
  readonly failures: number;
  /** A task is queued then; null: it is there already, or none is due. */
  readonly nextStart: string | null;
  /** `nextStart` is a time of its schedule, not another try. */
  readonly isScheduled: boolean;
  /** When a task was queued for a time of its schedule last; null: none was since it was started. */
  readonly lastSlot: string | null;
  /** The newest time of its schedule at which a run still went on, so that none was begun; null: none. */
  readonly skippedSlot: string | null;
  /** What only a person can mend: it is not run until one has; null: nothing. */
  readonly heldReason: string | null;
  /** Why a worker could not take the task that waits; null where none waits, or no worker has refused it. */
  readonly waitingFor: string | null;
  /** The task whose end was judged last; null: none, or a person has wanted something since. */
  readonly judgedTaskId: number | null;
  /** Something was committed since an end was judged last. */
  readonly hasCommitted: boolean;
}

/** A started pipeline that nobody runs, nothing waits for, and that is neither held nor due: how its newest task has ended. */
export interface UnjudgedEnd {
  readonly pipelineId: number;
  readonly failures: number;
  /** The task whose end was judged before this one; this one: the definition was changed since it began. Null: none. */
  readonly judgedTaskId: number | null;
  /** The checkpoint's version, now and when an end was judged last; null: there was none. */
  readonly version: number | null;
  readonly judgedVersion: number | null;
  /** Null where it has none that has begun, or a rewind has settled what was. */
  readonly task: EndedTask | null;
}

export interface EndedTask {
  readonly id: number;
  /** Running: it gives no sign of life. */
  readonly status: number;
  readonly endReason: string | null;
  readonly error: string | null;
  /** How long ago it ended, or had been silent for as long as is borne, in seconds by the database's clock. */
  readonly overForSeconds: number;
  /** How often it was to beat, in seconds; null: as the settings say. */
  readonly heartbeatInterval: number | null;
  /** The first block that it had not committed; null: unknown. */
  readonly nextBlock: number | null;
  /** What it was asked to run with; left out: as the definition says. */
  readonly request?: RunRequest;
}

/** The first wait before the next task, in seconds; each is twice as long as the one before. */
const firstWaitSeconds = 5;
/** The longest wait before another try, in seconds. */
export const longestWaitSeconds = 15 * 60;

/** Returns how long the next task waits after so many ends in a row, in seconds. */
export function restartWaitSeconds(failures: number): number {
  return Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** Math.min(failures - 1, 30));
}

/** Says whether something was committed since an end was judged last, by the checkpoint's version now and then; null: there was none. */
export function hasCommitted(version: number | null, judgedVersion: number | null): boolean {
  return version !== null && judgedVersion !== null && version > judgedVersion;
}

/** What follows from an end: another task after a while or at a time of its schedule, nothing until a person has mended what it ended with, or nothing more. */
export type EndVerdict =
  | { readonly kind: 'again'; readonly inSeconds: number; readonly failures: number }
  | { readonly kind: 'held'; readonly reason: string; readonly failures: number }
  | { readonly kind: 'scheduled'; readonly slot: Slot }
  | { readonly kind: 'done' };

/** Returns what is wanted of a pipeline as JSON has it; null where it was never started. */
export function wantedToJson(wanted: Wanted | null): object | null {
  if (wanted === null) return null;
  const { state, since, failures, nextStart, heldReason, waitingFor } = wanted;
  return {
    ...{ state, since, failures, next_start: nextStart, scheduled: wanted.isScheduled },
    ...{ last_slot: wanted.lastSlot, skipped_slot: wanted.skippedSlot },
    ...{ held_reason: heldReason, waiting_for: waitingFor },
  };
}

/** Says in words what is wanted of a pipeline, and what keeps it from being so. */
export function wantedText(wish: Wanted, lang: Lang): string {
  const { state, since, failures, nextStart, heldReason, isScheduled, skippedSlot } = wish;
  const { wanted } = textsIn(lang).commands;
  if (state === 'stopped') return wanted.stopped(since);
  if (heldReason !== null) return wanted.held(heldReason);
  if (isScheduled && nextStart !== null) return wanted.scheduled(nextStart, skippedSlot);
  return nextStart === null ? wanted.started(since) : wanted.again(nextStart, failures);
}

/** Says in words what keeps a started pipeline of which no task waits from running; null: nothing. */
export function obstacleText(wanted: Wanted, lang: Lang): string | null {
  const isKept = wanted.state === 'started' && (wanted.heldReason !== null || wanted.nextStart !== null);
  return isKept ? wantedText(wanted, lang) : null;
}
