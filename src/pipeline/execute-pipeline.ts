import type { Known, RunOptions, Source, SourceContext } from '../components/component.js';
import type { BatchStore } from '../database/events/batch-store.js';
import type { CheckpointStore } from '../database/events/checkpoint-store.js';
import type { StoredBlocks } from '../database/events/stored-blocks.js';
import type { SourceMessage } from '../model/batch.js';
import type { Progress } from '../model/task.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { CheckpointMovedError, Committer } from './commit.js';
import type { Appended, Commit } from './commit.js';
import { holdEmpty } from './hold-empty.js';
import { whenReachable } from './lease.js';
import type { Lease } from './lease.js';
import { readAhead } from './read-ahead.js';
import { SourceMoves } from './source-moves.js';
import { readStart } from './start.js';
import type { Start } from './start.js';

/** A message that has been committed. */
export interface CommitSeen {
  readonly kind: SourceMessage['kind'];
  /** Events that it held. */
  readonly events: number;
  /** Outages of the database are part of it. */
  readonly durationMs: number;
  readonly appended: Appended | null;
}

export interface Execution {
  readonly pipelineId: number;
  readonly chainId: number;
  readonly source: Source;
  readonly lease: Lease;
  readonly batches: BatchStore;
  readonly checkpoints: CheckpointStore;
  readonly storedBlocks: StoredBlocks;
  readonly run: RunOptions;
  readonly mode: Progress['mode'];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with every change of the progress, for whoever shows it. */
  readonly onProgress: (progress: Progress) => void;
  /** Called after each commit. */
  readonly onCommit?: (commit: CommitSeen) => void;
  /** For how long a batch in which nothing happens may wait to be committed with those behind it, in milliseconds; left out: not at all. */
  readonly holdMs?: () => number;
  /** Called when the source says which block the chain can't replace any more. */
  readonly onFinalized?: (block: number) => void;
  /** Aborted when the run shall end soon. */
  readonly stopping: AbortSignal;
  /** Aborted when calls in the air must be dropped. */
  readonly signal: AbortSignal;
}

/**
 * Runs a source until it ends and commits what it sends, message by message: the one loop of a pipeline. Returns the
 * progress made. Throws LeaseLostError, with nothing written, where the lease is lost.
 */
export async function executePipeline(execution: Execution): Promise<Progress> {
  let run = execution.run;
  let progress: Progress = { mode: execution.mode, nextBlock: null, targetBlock: null, headBlock: null, events: 0 };
  const report = (known: Partial<Progress>): Progress => {
    progress = { ...progress, ...known };
    execution.onProgress(progress);
    return progress;
  };
  for (;;) {
    const start = await readStart(execution);
    const committer = new Committer(execution, start);
    const left = new AbortController();
    const signal = AbortSignal.any([execution.signal, left.signal]);
    const moves = new SourceMoves(execution.lease, signal);
    const moved = ({ nextBlock = null, finalizedBlock, ...known }: Known): Promise<void> => {
      if (finalizedBlock !== undefined) execution.onFinalized?.(finalizedBlock);
      // The source is ahead of what is done, which only commits tell.
      return moves.moved(() => report({ ...known, nextBlock: progress.nextBlock ?? nextBlock }));
    };
    const messages = holdEmpty(execution.source.messages(toContext({ ...execution, signal }, run, start, moved)), {
      clock: execution.clock,
      holdMs: execution.holdMs ?? ((): number => 0),
      // Nothing of it is left to be done.
      onHeld: ({ toBlock }) => report({ nextBlock: toBlock + 1 }),
    });
    const prepare = (message: SourceMessage): Commit => committer.prepare(message);
    try {
      for await (const commit of readAhead(messages, prepare, () => left.abort())) {
        report(await moves.during(() => runTimed(execution, commit, progress)));
        // From here on the checkpoint is this run's own, and a restart of the source must continue behind it.
        if (commit.message.kind !== 'children') run = { mode: run.mode, toBlock: run.toBlock };
      }
      return progress;
    } catch (error) {
      if (!(error instanceof CheckpointMovedError)) throw error;
      execution.logger.log('warn', 'an earlier commit of this task landed late: reading on from the checkpoint');
    }
  }
}

async function runTimed(
  { clock, onCommit }: Execution,
  commit: Commit,
  progress: Progress,
): Promise<Partial<Progress>> {
  const since = clock.monotonic();
  const changed = await commit.run(progress);
  const { message } = commit;
  const events = 'events' in message ? message.events.length : 0;
  onCommit?.({ kind: message.kind, events, durationMs: clock.monotonic() - since, appended: commit.appended() });
  return changed;
}

function toContext(
  execution: Execution,
  run: RunOptions,
  start: Start,
  moved: (known: Known) => Promise<void>,
): SourceContext {
  return {
    run,
    checkpoint: start.checkpoint,
    recentBlocks: start.recentBlocks,
    storedBlock: (atMost) =>
      whenReachable(execution.lease, execution.signal, () =>
        execution.storedBlocks.newest(execution.pipelineId, atMost),
      ),
    knownChildren: () =>
      whenReachable(execution.lease, execution.signal, () => execution.batches.knownChildren(execution.pipelineId)),
    clock: execution.clock,
    logger: execution.logger,
    moved: (known = {}) => moved(known),
    stopping: execution.stopping,
    signal: execution.signal,
  };
}
