import type { Source } from '../../components/seam/source.js';
import type { Database } from '../../database/database.js';
import type { RunRequest } from '../../model/run-request.js';
import type { EventOrigin } from '../../model/event-origin.js';
import type { Progress, Task } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Lang } from '../../runtime/lang.js';
import type { OpenableSink } from '../outbox/openable-sink.js';
import type { BeatRounds } from './beat-rounds.js';
import type { HandOverRounds } from './hand-over-rounds.js';
import type { ClaimOptions } from '../lease/claim-task.js';
import type { Observe } from '../../model/liveness-event.js';

export interface TaskOptions extends ClaimOptions {
  readonly database: Database;
  readonly chainId: number;
  readonly run: RunRequest;
  readonly mode: Progress['mode'];
  readonly clock: Clock;
  readonly lang: Lang;
  readonly stallAfterSeconds: number;
  /** Tells by which definition a history is cut; left out: it is not. */
  readonly fingerprint?: string | undefined;
  /** The beats of this process, where it runs several tasks. */
  readonly rounds?: BeatRounds | undefined;
  /** The ends of this process's tasks that others go on for, where it runs several. */
  readonly handOvers?: HandOverRounds | undefined;
  readonly observe?: Observe;
  /** Makes the source once the task has begun. */
  readonly begin: (task: Task) => Promise<BegunRun>;
  /** `beatAt` says when the last beat landed, by this process's clock, in milliseconds since the epoch. */
  readonly onProgress: (progress: Progress, beatAt: () => number | null) => void;
  /** Takes secrets out of a text that is stored. */
  readonly mask: (text: string) => string;
  readonly stopping: AbortSignal;
  /** A task that is told to stop is gone on with by another that waits for a worker. */
  readonly handsOver?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** What a task works with once it has begun. */
export interface BegunRun {
  readonly source: Source;
  /** Writes to the task's log too. */
  readonly logger: Logger;
  /** What delivers what it stores, and what messages say of where it comes from; left out: nothing does. */
  readonly delivery?: { readonly sinks: readonly OpenableSink[]; readonly origin: EventOrigin } | undefined;
}

export interface TaskResult {
  readonly task: Task;
  readonly progress: Progress;
}
