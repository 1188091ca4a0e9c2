import { lastCommonBlock } from '../../chain/blocks/last-common-block.js';
import type { HeaderOf } from '../../chain/blocks/reorg.js';
import type { BlockRef } from '../../model/block.js';
import { NeedsRewindError } from '../../runtime/errors.js';
import { remedyOf } from '../lease/parked.js';
import type { ReadCheckpoint, RewindStores } from './rewind-pipeline.js';

/** A block to go back to, and who says what its hash is: the chain, what is stored, or nobody. */
export interface RewindBlock {
  readonly number: number;
  readonly hash: string | null;
  readonly toldBy: 'chain' | 'database' | null;
}

type Stores = Pick<RewindStores, 'checkpoints' | 'storedBlocks'>;

/**
 * Finds out the hash of the block to go back to, from the chain where it can be asked. Throws NeedsRewindError, with the
 * block to go back to instead, where rows that would be kept are not part of the chain.
 */
export async function findRewindBlock(
  stores: Stores,
  checkpoint: ReadCheckpoint,
  number: number,
  headerOf: HeaderOf | null,
): Promise<RewindBlock> {
  if (headerOf === null) return storedBlock(stores, checkpoint, number);
  const { pipelineId } = checkpoint;
  const first = checkpoint.startBlock ?? 0;
  const header = await headerOf(number);
  const kept = await stores.storedBlocks.newest(pipelineId, number);
  if (header !== null && (await stands(kept, first, header, headerOf))) {
    return { number, hash: header.hash, toldBy: 'chain' };
  }
  const storedAt = (atMost: number): Promise<BlockRef | null> => stores.storedBlocks.newest(pipelineId, atMost);
  const common = await lastCommonBlock({ first, replaced: number + 1 }, storedAt, headerOf);
  throw tooHigh(pipelineId, number, header === null, common?.number ?? first - 1);
}

/** Says whether the newest rows that are kept are part of the chain; those of an earlier stretch are not looked at. */
async function stands(kept: BlockRef | null, first: number, asked: BlockRef, headerOf: HeaderOf): Promise<boolean> {
  if (kept === null || kept.number < first) return true;
  const found = kept.number === asked.number ? asked : await headerOf(kept.number);
  return found?.hash === kept.hash;
}

function tooHigh(pipelineId: number, number: number, isMissing: boolean, keeps: number): NeedsRewindError {
  const message = isMissing
    ? `the chain has no block ${number}`
    : `block ${number} is too high to go back to: stored events below it are not part of the chain any more`;
  const keepsBlock = keeps < 0 ? null : keeps;
  return new NeedsRewindError(message, { hint: remedyOf(pipelineId, keepsBlock), keeps: keepsBlock });
}

async function storedBlock(
  { checkpoints, storedBlocks }: Stores,
  { pipelineId, blockNumber, blockHash }: ReadCheckpoint,
  number: number,
): Promise<RewindBlock> {
  if (number === blockNumber) return { number, hash: blockHash, toldBy: blockHash === null ? null : 'database' };
  const remembered = (await checkpoints.recentBlocks(pipelineId)).find((block) => block.number === number);
  const found = remembered ?? (await storedBlocks.newest(pipelineId, number));
  return found?.number === number ? { ...found, toldBy: 'database' } : { number, hash: null, toldBy: null };
}
