import type { VariableSource } from '../../components/seam/variables.js';
import type { Progress } from '../../model/task.js';
import type { Logger } from '../../runtime/logger.js';
import type { LivenessHost } from './watch-liveness.js';
import type { Claimant } from '../lease/claim-task.js';

/** The process that runs tasks, and what it lends them. */
export interface RunHost extends LivenessHost {
  readonly worker: Claimant;
  /** Relative paths of logs begin here. */
  readonly cwd: string;
  /** The timeout that was asked of this process for its runs, in minutes; null: what their pipelines say. */
  readonly timeoutMinutes: number | null;
  /** What definitions may name as `${NAME}`. */
  readonly variables: VariableSource;
  /** Makes what shows people how far a run is; without a terminal it writes to `logger`. */
  showProgress(taskId: number, logger: Logger): ProgressDisplay;
}

/** Shows people how far a run is. */
export interface ProgressDisplay {
  /** Tells what was done so far, and what says when, on the wall clock, the last beat landed: null before the first. */
  update(progress: Progress, beatAt?: () => number | null): void;
  /** Takes away what is shown. */
  end(): void;
}
