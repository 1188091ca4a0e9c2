import { NodeLagsError } from '../../chain/blocks/consistency.js';
import { lastCommonBlock } from '../../chain/blocks/last-common-block.js';
import type { HeaderOf } from '../../chain/blocks/reorg.js';
import type { BlockHeader, BlockRef } from '../../model/block.js';
import { NeedsRewindError } from '../../runtime/errors.js';
import { remedyOf } from '../lease/parked.js';
import type { ReadCheckpoint, RewindStores } from './rewind-pipeline.js';

/** A block to go back to, and who says what its hash is: the chain, what is stored, or nobody. */
export interface RewindBlock {
  readonly number: number;
  readonly hash: string | null;
  readonly toldBy: 'chain' | 'database' | null;
  /** Up to this block the chain is known to be the one that was read; left out: it was not asked. */
  readonly standsUpTo?: number;
}

/** What of a chain is asked. */
export interface AskedChain {
  readonly head: () => Promise<BlockHeader>;
  readonly headerOf: HeaderOf;
}

type Stores = Pick<RewindStores, 'checkpoints' | 'storedBlocks'>;

/**
 * Finds out the hash of the block to go back to, from the chain where it can be asked. Throws NeedsRewindError, with the
 * block to go back to instead, where rows that would be kept are not part of the chain, NodeLagsError where the node does not know a
 * block that was read, and nothing says that its chain is another.
 */
export async function findRewindBlock(
  stores: Stores,
  checkpoint: ReadCheckpoint,
  number: number,
  chain: AskedChain | null,
): Promise<RewindBlock> {
  if (chain === null) return storedBlock(stores, checkpoint, number);
  const { pipelineId } = checkpoint;
  const { headerOf } = chain;
  const first = checkpoint.startBlock ?? 0;
  const storedAt = (atMost: number): Promise<BlockRef | null> => stores.storedBlocks.newest(pipelineId, atMost);
  const header = await headerOf(number);
  const newest = header ?? (await chain.head());
  const kept = await storedAt(Math.min(number, newest.number));
  if (await stands(kept, first, newest, headerOf)) {
    if (header === null) throw nodeLags(number, newest);
    const known = await storedBlock(stores, checkpoint, number);
    const keptUpTo = kept === null || kept.number < first ? -1 : kept.number;
    return { number, hash: header.hash, toldBy: 'chain', standsUpTo: known.hash === header.hash ? number : keptUpTo };
  }
  const common = await lastCommonBlock({ first, replaced: number + 1 }, storedAt, headerOf);
  throw tooHigh(pipelineId, number, header === null, common?.number ?? first - 1);
}

/** Says whether the newest rows that are kept are part of the chain; those of an earlier stretch are not looked at. */
async function stands(kept: BlockRef | null, first: number, asked: BlockRef, headerOf: HeaderOf): Promise<boolean> {
  if (kept === null || kept.number < first) return true;
  const found = kept.number === asked.number ? asked : await headerOf(kept.number);
  if (found === null) throw nodeLags(kept.number, asked);
  return found.hash === kept.hash;
}

/** Of a node that lacks a block nothing tells how far the rows are part of the chain. */
function nodeLags(number: number, { number: newest }: BlockRef): NodeLagsError {
  const another = 'ask another node: --rpc-url URL';
  if (number > newest) {
    const message = `the node, which is at block ${newest}, does not know block ${number}, which has been read: it may lag`;
    return new NodeLagsError(message, { hint: `try again once it has that block, or ${another}` });
  }
  const message = `the node has block ${newest}, and not block ${number}, which has been read: it may have pruned it, or be several of which one lags`;
  return new NodeLagsError(message, { hint: `try again, or ${another}` });
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
