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
  /** What the user should know about the choice. */
  readonly warning: string | undefined;
}

/**
 * Returns where a run begins. A checkpoint stands for an unbroken stretch of blocks: what begins inside it or right
 * behind it goes on at its end, what begins before it reads it again, what begins beyond it leaves blocks out.
 */
export function resolveStart({ run, config, mode, checkpoint }: StartQuestion): StartBlock {
  const { startBlock, blockNumber } = checkpoint;
  if (run.fresh === true || blockNumber === null) {
    const block = run.fromBlock ?? config.startBlock ?? (mode === 'historical' ? 0 : 'head');
    return { block, resumes: false, warning: undefined };
  }
  const next = blockNumber + 1;
  const asked = run.fromBlock ?? next;
  if (asked > next) return { block: asked, resumes: false, warning: gapWarning(next, asked) };
  if (asked < (startBlock ?? next)) return { block: asked, resumes: false, warning: undefined };
  return { block: next, resumes: true, warning: undefined };
}

function gapWarning(next: number, asked: number): string {
  const left = next === asked - 1 ? `block ${next} is` : `blocks ${next} to ${asked - 1} are`;
  return `${left} left out: the pipeline has been read up to block ${next - 1}, and this run begins at block ${asked}`;
}
