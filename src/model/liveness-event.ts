import type { Progress, Task } from './task.js';

/** The task that an event is about. */
interface OfTask {
  readonly taskId: number;
  readonly pipelineId: number;
}

/** How far a sink is. */
export interface SinkSeen {
  readonly name: string;
  readonly behind: number;
  readonly deadLetters: number;
}

/** What a run or a monitor has noticed: metrics count it, and alert rules judge it. */
export type LivenessEvent =
  | (OfTask & { readonly kind: 'beat_landed'; readonly latencyMs: number })
  /** A commit has renewed the lease, after beats that had failed: no beat is due that could tell it. */
  | (OfTask & { readonly kind: 'renewed_again' })
  /** A beat could not be written; so many in a row that were due have failed, each perhaps at several tries. */
  | (OfTask & { readonly kind: 'beat_failed'; readonly failures: number; readonly error: string })
  /** The task is no longer running: its lease is lost. */
  | (OfTask & { readonly kind: 'beat_refused' })
  /** Nothing has moved for the stall limit: the task stops beating. `shard`: it reads that one; left out: it is the pipeline's own. */
  | (OfTask & { readonly kind: 'stalled'; readonly stillSeconds: number; readonly shard?: number })
  | (OfTask & { readonly kind: 'moved_again' })
  /** The task begins to run in this process. */
  | (OfTask & { readonly kind: 'began' })
  /** Events were committed. */
  | (OfTask & { readonly kind: 'committed'; readonly events: number; readonly durationMs: number })
  /** The chain was reorganised, and what was stored of the blocks that it replaced was taken back. */
  | (OfTask & { readonly kind: 'taken_back'; readonly durationMs: number })
  /** Messages of a sink have reached its receiver, or were refused for good. */
  | (OfTask & {
      readonly kind: 'sink_sent';
      readonly sink: string;
      readonly result: 'delivered' | 'dead_letter';
      readonly messages: number;
    })
  /** A sink could not deliver. */
  | (OfTask & { readonly kind: 'sink_failed'; readonly sink: string })
  /** Where the sinks of a pipeline stand: blocks that are yet to be delivered, and dead letters. */
  | (OfTask & { readonly kind: 'sinks_seen'; readonly sinks: readonly SinkSeen[] })
  | (OfTask & { readonly kind: 'progressed'; readonly progress: Progress })
  /** The task runs no longer in this process, however it ended. */
  | (OfTask & { readonly kind: 'ended' })
  /** The monitor can't ask the database; so many times in a row. */
  | { readonly kind: 'database_away'; readonly failures: number; readonly error: string }
  | { readonly kind: 'database_back' }
  | { readonly kind: 'timed_out'; readonly task: Task }
  /** The monitor has asked the database between two checks, and silence means something. */
  | { readonly kind: 'looked' }
  | {
      readonly kind: 'checked';
      readonly running: number;
      readonly timedOut: number;
      readonly durationMs: number;
      /** At this moment silence means something. */
      readonly isTrusted: boolean;
    };

/** Takes what was noticed; returns at once and never throws, for a heartbeat must not wait for its observers. */
export type Observe = (event: LivenessEvent) => void;

/** Makes one observer of several; what one throws keeps the others, and whoever is observed, from nothing. */
export function combineObservers(observers: readonly Observe[]): Observe {
  return (event) => {
    for (const observe of observers) {
      try {
        observe(event);
      } catch {
        // A heartbeat must not fail for its observers.
      }
    }
  };
}
