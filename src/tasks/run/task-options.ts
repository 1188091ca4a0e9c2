import type { RunOptions, Source } from '../../components/component.js';
import type { Database } from '../../database/database.js';
import type { Progress, Task } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Lang } from '../../runtime/lang.js';
import type { BeatRounds } from './beat-rounds.js';
import type { ClaimOptions } from './claim-task.js';
import type { Observe } from '../../model/liveness-event.js';

export interface TaskOptions extends ClaimOptions {
  readonly database: Database;
  readonly chainId: number;
  readonly run: RunOptions;
  readonly mode: Progress['mode'];
  readonly clock: Clock;
  readonly lang: Lang;
  readonly stallAfterSeconds: number;
  /** The beats of this process, where it runs several tasks. */
  readonly rounds?: BeatRounds | undefined;
  readonly observe?: Observe;
  /** Makes the source once the task has begun; its logger writes to the task's log too. */
  readonly begin: (task: Task) => Promise<{ readonly source: Source; readonly logger: Logger }>;
  readonly onProgress: (progress: Progress, beatAt: number | null) => void;
  /** Takes secrets out of a text that is stored. */
  readonly mask: (text: string) => string;
  readonly stopping: AbortSignal;
  readonly signal: AbortSignal;
}

export interface TaskResult {
  readonly task: Task;
  readonly progress: Progress;
}
