import type { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { Replaced } from '../../database/task-steps/end-replaced.js';
import type { ShardStore } from '../../database/events/shard-store.js';
import type { TakenBack } from '../../database/events/journal.js';
import type { RewindStep, RewindStore } from '../../database/events/rewind-store.js';
import { FenceError } from '../../database/script.js';
import type { StoredBlocks } from '../../database/events/stored-blocks.js';
import type { TaskStore } from '../../database/tasks/task-store.js';
import type { BlockRef } from '../../model/block.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import { taskStatus } from '../../model/task.js';
import { UsageError } from '../../runtime/errors.js';
import { judgeHolder } from '../lease/claim-task.js';
import type { ClaimOptions } from '../lease/claim-task.js';

export interface RewindStores {
  readonly tasks: TaskStore;
  readonly checkpoints: CheckpointStore;
  readonly storedBlocks: StoredBlocks;
  readonly rewinds: RewindStore;
  readonly shards: Pick<ShardStore, 'drop'>;
}

export interface RewindOptions extends Pick<ClaimOptions, 'pipelineId' | 'worker' | 'heartbeatIntervalSeconds'> {
  /**
   * The block to go back to; its hash is null where it is unknown. `standsUpTo`: up to there the chain is known to be the one that was
   * read, and children of a factory stay; left out: up to the block itself.
   */
  readonly to: { readonly number: number; readonly hash: string | null; readonly standsUpTo?: number };
  /** About how many rows one transaction takes back. */
  readonly rowsPerStep?: number | undefined;
}

/** What a rewind has taken back. */
export interface Rewound extends TakenBack {
  /** Events that shards had read ahead, which nobody had been told of. */
  readonly readAhead: number;
}

/** A checkpoint behind which blocks have been read. */
export interface ReadCheckpoint extends Checkpoint {
  readonly blockNumber: number;
}

/** Enough for few transactions, few enough to be done in about a second. */
const defaultRowsPerStep = 25_000;
const attempts = 10;

/**
 * Takes a pipeline back to a block: every row above it goes, and the checkpoint with them. Many rows go in steps from the
 * top down, each of which is a rewind by itself: where the work is cut short the pipeline stands, whole, at a block in
 * between, and is still parked if it was. Throws LeaseHeldError while a task holds the pipeline, UsageError where it can't
 * go back to that block.
 */
export async function rewindPipeline(stores: RewindStores, options: RewindOptions): Promise<Rewound> {
  let taken: Rewound = { events: 0, undecoded: 0, readAhead: 0 };
  for (let failures = 0; ;) {
    const { checkpoint } = await checkRewind(stores, options);
    try {
      // What has been read ahead lies above whatever is kept.
      const readAhead = await stores.shards.drop(options.pipelineId, checkpoint.taskId);
      taken = { ...taken, readAhead: taken.readAhead + readAhead };
      const step = await nextStep(stores, options);
      const more = await stores.rewinds.takeBack(step);
      taken = { ...taken, events: taken.events + more.events, undecoded: taken.undecoded + more.undecoded };
      if (step.ends !== null) return taken;
    } catch (error) {
      // A task began or beat in between: what was judged is no longer so.
      if (!(error instanceof FenceError) || ++failures >= attempts) throw error;
    }
  }
}

async function nextStep(stores: RewindStores, options: RewindOptions): Promise<RewindStep> {
  const { pipelineId, rowsPerStep = defaultRowsPerStep } = options;
  const { standsUpTo = options.to.number, ...to } = options.to;
  const { checkpoint, replaces } = await checkRewind(stores, options);
  const border = await stores.storedBlocks.borderOf(pipelineId, to.number, rowsPerStep);
  const recent = border === null ? await stores.checkpoints.recentBlocks(pipelineId) : [];
  const keepsRemembered = recent.some(({ number, hash }) => number === to.number && hash === to.hash);
  return {
    pipelineId,
    holder: checkpoint.taskId,
    version: checkpoint.version,
    replaces,
    from: checkpoint.blockNumber,
    first: checkpoint.startBlock ?? 0,
    above: border?.number ?? to.number,
    childrenUpTo: border?.number ?? standsUpTo,
    to: border === null ? to : lower(border, checkpoint),
    ends: border === null ? { keepsRemembered } : null,
  };
}

/**
 * Returns the checkpoint of a pipeline that can be rewound to a block as far as the database knows, and the dead task that still
 * holds it. Throws LeaseHeldError
 * while a task holds it, UsageError where the block is above the checkpoint or below the stretch that was read.
 */
export async function checkRewind(
  { tasks, checkpoints }: Pick<RewindStores, 'tasks' | 'checkpoints'>,
  { pipelineId, to, ...claim }: Omit<RewindOptions, 'to'> & { readonly to: { readonly number: number } },
): Promise<{ readonly checkpoint: ReadCheckpoint; readonly replaces: Replaced | null }> {
  const newest = await tasks.getNewest(pipelineId);
  const replaces = newest?.status === taskStatus.running ? judgeHolder(newest, claim) : null;
  const checkpoint = await checkpoints.find(pipelineId);
  if (checkpoint === null || checkpoint.blockNumber === null)
    throw new UsageError(`pipeline ${pipelineId} has not read any block yet`);
  const { blockNumber, startBlock } = checkpoint;
  if (to.number > blockNumber) {
    throw new UsageError(`pipeline ${pipelineId} has been read up to block ${blockNumber}, not ${to.number}`, {
      hint: `--to-block takes a block up to ${blockNumber}`,
    });
  }
  const lowest = (startBlock ?? 0) - 1;
  if (to.number < lowest) {
    throw new UsageError(`pipeline ${pipelineId} has been read from block ${lowest + 1} on, not from ${to.number}`, {
      hint: `--to-block ${lowest} takes back all that was read; run-pipeline --from-block N reads earlier blocks`,
    });
  }
  return { checkpoint: { ...checkpoint, blockNumber }, replaces };
}

/** Rows may lie above the checkpoint, where a run has begun to read them again: it never moves up. */
function lower(border: BlockRef, { blockNumber, blockHash }: ReadCheckpoint): RewindStep['to'] {
  return border.number < blockNumber ? border : { number: blockNumber, hash: blockHash };
}
