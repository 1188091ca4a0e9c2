import type { SourceMessage } from '../../model/batch.js';
import type { BlockRef } from '../../model/block.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { KnownChildren } from '../../model/factory-child.js';
import type { RunRequest } from '../../model/run-request.js';
import type { HistoryCut } from '../../model/shard.js';
import type { Progress } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';

/** What a source knows of its work, and of its chain. */
export interface Known extends Partial<Omit<Progress, 'events'>> {
  /** The newest block that the chain can't replace any more; -1: none yet. */
  readonly finalizedBlock?: number | undefined;
}

/** What a source is given for one run. */
export interface SourceContext {
  /** What a person asked of this run; undefined: what the definition says. */
  readonly run: RunRequest;
  /** Where the pipeline stands in the database. */
  readonly checkpoint: Checkpoint;
  /** The remembered blocks above the finalized one, ascending. */
  readonly recentBlocks: readonly BlockRef[];
  /** Returns the newest block, not above a number, of which the pipeline has rows; null where it has none. */
  readonly storedBlock: (atMost: number) => Promise<BlockRef | null>;
  /** Returns the children of a factory that have been found; null where none have been looked for. */
  readonly knownChildren: () => Promise<KnownChildren | null>;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Tells that work moved (a good answer of the node, a finished wait for the next block), and what is now known. It
   * counts while the next message is waited for: what a source reads ahead while a message is committed is told, too, and
   * costs nothing. It may renew the lease, and pauses while the database is away. Throws LeaseLostError where the lease is
   * lost: let it pass.
   */
  moved(known?: Known): Promise<void>;
  /** For how long a source that told that it moved need not tell it again where nothing is new, in milliseconds; left out: not at all. */
  readonly quietMs?: number | undefined;
  /** Aborted when the run shall end soon: begin nothing new, send what is complete, return. */
  readonly stopping: AbortSignal;
  /** Aborted when calls in the air must be dropped; a source then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/** The first component of a pipeline: yields what is to be appended, and what the chain takes back. */
export interface Source {
  /**
   * Sends what the chain holds, in order, until the target is reached or `stopping` is aborted. The consumer commits one
   * message after the other, and asks for the next one while it commits one.
   */
  messages(context: SourceContext): AsyncGenerator<SourceMessage, void, undefined>;
  /**
   * Asks for the newest block that the chain can't replace any more; -1: none yet; null: of the remembered blocks, which are not taken
   * back yet, the chain has replaced one that lies no higher. Left out: nobody can know.
   */
  finalized?(recentBlocks: readonly BlockRef[], signal: AbortSignal): Promise<number | null>;
  /**
   * Cuts what a run would read of blocks that can't be replaced any more into as many stretches as the definition wants; null
   * where there is too little of it. Left out: its history can't be cut.
   */
  cut?(context: CutContext): Promise<HistoryCut | null>;
}

/** What decides how a history is cut. */
export type CutContext = Pick<SourceContext, 'run' | 'checkpoint' | 'logger' | 'clock' | 'signal'>;
