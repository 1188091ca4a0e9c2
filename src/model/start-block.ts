import type { Checkpoint } from './checkpoint.js';

/** What decides where a run begins. */
export interface StartQuestion {
  readonly run: { readonly fromBlock?: number | undefined; readonly fresh?: boolean | undefined };
  readonly config: { readonly startBlock: number | null };
  readonly mode: 'historical' | 'realtime';
  readonly checkpoint: Checkpoint;
}

/** Where a run begins. */
export interface StartBlock {
  /** The first block to read; `head`: the newest block at the time of asking. */
  readonly block: number | 'head';
  /** True where the run goes on right behind the checkpoint. */
  readonly resumes: boolean;
}

/**
 * Returns where a run begins. A checkpoint stands for an unbroken stretch of blocks: what begins inside it or right
 * behind it goes on at its end, what begins before it reads it again, what begins beyond it leaves blocks out.
 */
export function resolveStart({ run, config, mode, checkpoint }: StartQuestion): StartBlock {
  const { startBlock, blockNumber } = checkpoint;
  if (run.fresh === true || blockNumber === null) {
    const block = run.fromBlock ?? config.startBlock ?? (mode === 'historical' ? 0 : 'head');
    return { block, resumes: false };
  }
  const next = blockNumber + 1;
  const asked = run.fromBlock ?? next;
  if (asked > next || asked < (startBlock ?? next)) return { block: asked, resumes: false };
  return { block: next, resumes: true };
}

/** Says which blocks a run that begins at a block leaves out; undefined where there are none. */
export function leftOutBefore(block: number, { blockNumber }: Checkpoint): string | undefined {
  if (blockNumber === null || block <= blockNumber + 1) return undefined;
  const next = blockNumber + 1;
  const left = next === block - 1 ? `block ${next} is` : `blocks ${next} to ${block - 1} are`;
  return `${left} left out: the pipeline has been read up to block ${blockNumber}, and this run begins at block ${block}`;
}
