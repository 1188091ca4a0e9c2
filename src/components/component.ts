import type { BlockRef } from '../model/block.js';
import type { SourceMessage } from '../model/batch.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { RunRequest } from '../model/run-request.js';
import type { Progress } from '../model/task.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';

/** What a person asked of this run on the command line; undefined: what the definition says. */
export type RunOptions = RunRequest;

/** What a source is given for one run. */
export interface SourceContext {
  readonly run: RunOptions;
  /** Where the pipeline stands in the database. */
  readonly checkpoint: Checkpoint;
  /** The remembered blocks above the finalized one, ascending. */
  readonly recentBlocks: readonly BlockRef[];
  /** Returns the newest block, not above a number, of which the pipeline has rows; null where it has none. */
  readonly storedBlock: (atMost: number) => Promise<BlockRef | null>;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Tells that work moved (a good answer of the node, a finished wait for the next block), and what is now known. It
   * may renew the lease, and pauses while the database is away. Throws LeaseLostError where the lease is lost: let it pass.
   */
  moved(known?: Partial<Omit<Progress, 'events'>>): Promise<void>;
  /** Aborted when the run shall end soon: begin nothing new, send what is complete, return. */
  readonly stopping: AbortSignal;
  /** Aborted when calls in the air must be dropped; a source then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/** The first component of a pipeline. */
export interface Source {
  /**
   * Sends what the chain holds, in order, until the target is reached or `stopping` is aborted. The consumer commits one
   * message after the other, and asks for the next one while it commits one.
   */
  messages(context: SourceContext): AsyncGenerator<SourceMessage, void, undefined>;
}
