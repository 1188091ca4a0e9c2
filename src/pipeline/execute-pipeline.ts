import type { Known, Source, SourceContext } from '../components/seam/source.js';
import type { CheckpointStore } from '../database/events/checkpoint-store.js';
import type { Batches } from '../database/events/shard-rows.js';
import type { StoredBlocks } from '../database/events/stored-blocks.js';
import { beginsElsewhere, type RunRequest } from '../model/run-request.js';
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
import type { KnownCommits } from './known-commits.js';
import { readStart } from './start.js';
import type { Start } from './start.js';
import { UndecodableLogs } from './undecodable-logs.js';

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
  readonly batches: Batches;
  readonly checkpoints: Pick<CheckpointStore, 'get' | 'changeBetween' | 'recentBlocks'>;
  readonly storedBlocks: StoredBlocks;
  /** What other tasks read of this pipeline's history; left out: it has none such. */
  readonly shards?: ShardsAhead | undefined;
  readonly known: KnownCommits;
  readonly run: RunRequest;
  readonly mode: Progress['mode'];
  /** What the task has stored before; left out: nothing. */
  readonly before?: Pick<Progress, 'events' | 'joined'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with every change of the progress, for whoever shows it. */
  readonly onProgress: (progress: Progress) => void;
  /** Called after each commit; the next one follows once it has resolved. */
  readonly onCommit?: (commit: CommitSeen) => Promise<void>;
  /** For how long a batch in which nothing happens may wait to be committed with those behind it, in milliseconds; left out: not at all. */
  readonly holdMs?: () => number;
  /** For how long a source that waits need not tell again that it is alive, in milliseconds; left out: it tells it each time. */
  readonly quietMs?: number;
  /** Called when the source says which block the chain can't replace any more. */
  readonly onFinalized?: (block: number) => void;
  /** Aborted when the run shall end soon. */
  readonly stopping: AbortSignal;
  /** Aborted when calls in the air must be dropped. */
  readonly signal: AbortSignal;
}

/** What is to be read next. */
export type NextStretch =
  /** Up to a block behind which others read; null: whatever there is. The progress counts up to `target`. */
  | { readonly kind: 'read'; readonly upTo: number | null; readonly target: number | null }
  /** What others have read, and counted, has joined the checkpoint. */
  | { readonly kind: 'joined'; readonly nextBlock: number; readonly events: number; readonly durationMs: number }
  /** What was known is no longer so. */
  | { readonly kind: 'again' };

/** What other tasks read of a pipeline's history, ahead of its checkpoint. */
export interface ShardsAhead {
  /**
   * Says what follows a checkpoint: cuts the history where that is due, waits for others and joins what they have read where
   * the checkpoint has come to it. Throws LeaseLostError.
   */
  next(start: Start, run: RunRequest, progress: Progress): Promise<NextStretch>;
  /** Gives up what others read: the chain takes back what lies below it. Throws LeaseLostError. */
  drop(progress: Progress): Promise<void>;
}

/**
 * Runs a source until it ends and commits what it sends, message by message: the one loop of a pipeline. Returns the
 * progress made. Throws LeaseLostError, with nothing written, where the lease is lost.
 */
export async function executePipeline(execution: Execution): Promise<Progress> {
  let run = execution.run;
  const { mode, before = { events: 0 } } = execution;
  let progress: Progress = { mode, nextBlock: null, targetBlock: null, headBlock: null, ...before };
  const undecodable = new UndecodableLogs(execution.pipelineId, execution.logger);
  let reportedAt = Number.NEGATIVE_INFINITY;
  const report = (known: Partial<Progress>): Progress => {
    progress = { ...progress, ...known };
    reportedAt = execution.clock.monotonic();
    execution.onProgress(progress);
    return progress;
  };
  for (;;) {
    const start = await readStart(execution);
    execution.known.read(start.checkpoint);
    const next = (await execution.shards?.next(start, run, progress)) ?? unshared;
    if (next.kind === 'joined') {
      const { nextBlock, events, durationMs } = next;
      report({ nextBlock, events: progress.events + events, joined: (progress.joined ?? 0) + events });
      await execution.onCommit?.({ kind: 'events', events: 0, durationMs, appended: null });
      run = readOn(run);
    }
    if (next.kind !== 'read') {
      if (execution.stopping.aborted) return progress;
      continue;
    }
    const { upTo } = next;
    const begins = beginsElsewhere(run) ? run : undefined;
    const committer = new Committer({ ...execution, begins }, start);
    const left = new AbortController();
    const { signal } = left;
    // A signal that follows two others would be one more for each of thousands of runs.
    const drop = (): void => left.abort(execution.signal.reason);
    execution.signal.addEventListener('abort', drop, { once: true });
    if (execution.signal.aborted) drop();
    const moves = new SourceMoves(execution.lease, signal);
    /** What the source told of the chain while a message was committed, which is no news of the run's own work. */
    let heard: Partial<Progress> = {};
    const moved = (news?: Known): Promise<void> => {
      // Of many pipelines that wait for a block most of what is told is that nothing is new: it is to cost next to nothing.
      if (news === undefined && execution.clock.monotonic() - reportedAt < repeatMs) return moves.moved(() => progress);
      const { nextBlock = null, finalizedBlock, ...known } = news ?? {};
      if (finalizedBlock !== undefined) execution.onFinalized?.(finalizedBlock);
      const target = upTo === null ? {} : { targetBlock: next.target };
      if (!moves.isAwaited) heard = { ...heard, ...known, ...target };
      // The source is ahead of what is done, which only commits tell.
      return moves.moved(() => report({ ...known, ...target, nextBlock: progress.nextBlock ?? nextBlock }));
    };
    const piece = upTo === null ? run : { ...run, toBlock: upTo };
    const messages = holdEmpty(execution.source.messages(toContext({ ...execution, signal }, piece, start, moved)), {
      clock: execution.clock,
      holdMs: execution.holdMs ?? ((): number => 0),
      // Nothing of it is left to be done.
      onHeld: ({ toBlock }) => report({ nextBlock: toBlock + 1 }),
    });
    const prepare = (message: SourceMessage): Commit => committer.prepare(message);
    try {
      for await (const commit of readAhead(messages, prepare, () => left.abort())) {
        const done = await moves.during(() => runTimed(execution, commit, progress));
        report({ ...heard, ...done });
        heard = {};
        undecodable.committed(commit.message);
        // From here on the checkpoint is this run's own, and a restart of the source must continue behind it.
        if (['events', 'rollback'].includes(commit.message.kind)) run = readOn(run);
      }
      if (upTo === null || execution.stopping.aborted) return progress;
    } catch (error) {
      if (!(error instanceof CheckpointMovedError)) throw error;
      execution.logger.log('warn', 'an earlier commit of this task landed late: reading on from the checkpoint');
    } finally {
      execution.signal.removeEventListener('abort', drop);
    }
  }
}

/** What a run is asked for once the checkpoint is its own. */
function readOn({ mode, toBlock }: RunRequest): RunRequest {
  return { mode, toBlock };
}

/** How long a progress that stays the same need not be shown again, in milliseconds. */
const repeatMs = 5_000;

const unshared: NextStretch = { kind: 'read', upTo: null, target: null };

async function runTimed(
  { clock, onCommit }: Execution,
  commit: Commit,
  progress: Progress,
): Promise<Partial<Progress>> {
  const since = clock.monotonic();
  const changed = await commit.run(progress);
  const { message } = commit;
  const events = 'events' in message ? message.events.length : 0;
  const durationMs = clock.monotonic() - since;
  await onCommit?.({ kind: message.kind, events, durationMs, appended: commit.appended() });
  return changed;
}

function toContext(
  execution: Execution,
  run: RunRequest,
  start: Start,
  moved: (known?: Known) => Promise<void>,
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
    moved,
    quietMs: execution.quietMs,
    stopping: execution.stopping,
    signal: execution.signal,
  };
}
