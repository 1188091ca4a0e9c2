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
  /** What only a person can mend: it is not run until one has; null: nothing. */
  readonly heldReason: string | null;
  /** Why a worker could not take the task that waits; null where none waits, or no worker has refused it. */
  readonly waitingFor: string | null;
  /** The task whose end was judged last; null: none, or a person has wanted something since. */
  readonly judgedTaskId: number | null;
}

/** A started pipeline that nobody runs, nothing waits for, and that is neither held nor due: how its newest task has ended. */
export interface UnjudgedEnd {
  readonly pipelineId: number;
  readonly failures: number;
  /** The task whose end was judged before this one; null: none. */
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
  /** The first block that it had not committed; null: unknown. */
  readonly nextBlock: number | null;
}

/** What follows from an end: another task after a while, nothing until a person has mended what it ended with, or nothing more. */
export type EndVerdict =
  | { readonly kind: 'again'; readonly inSeconds: number; readonly failures: number }
  | { readonly kind: 'held'; readonly reason: string; readonly failures: number }
  | { readonly kind: 'done' };
