import type { BlockHeader, BlockRef } from '../../model/block.js';
import type { Call } from '../../runtime/call.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import type { BlockTag, HeadsAnswer } from './header-outcome.js';
import type { Hearing } from './hearing.js';

/** What must be known of a chain to read along it: its id, its headers, and where it stands. */
export interface ChainView {
  /** How far below the newest block who tells of it may lag, in blocks. */
  readonly settledDepth: number;
  /** How often whoever tells of it may have become another: the chain may have been begun anew since. */
  readonly doubts: number;
  /** Who tells news by themselves. */
  readonly telling: readonly JsonRpcEndpoint[];
  /** Returns its id. */
  chainId(signal: AbortSignal): Promise<number>;
  /** Has it said anew which chain is told of; throws ChainMismatchError where it is another. */
  askForChain(signal: AbortSignal): Promise<void>;
  /** Asks each of those who tell of it whether it has a block; where they disagree, those that went astray may be put aside. */
  whoHas(block: BlockRef, signal: AbortSignal): Promise<Hearing>;
  /** Returns one block's header; null where there is no such block, or no block at all yet. */
  header(block: number | BlockTag, signal: AbortSignal): Promise<BlockHeader | null>;
  /** Returns the newest block's header; null where there is no block yet. After each `lateMs` milliseconds another node is asked, too. */
  head(signal: AbortSignal, lateMs?: number): Promise<BlockHeader | null>;
  /** Returns the headers of blocks in their order, null where there is no such block. */
  headers(numbers: readonly number[], call: Call): Promise<(BlockHeader | null)[]>;
  /** Returns the headers of the newest block and of another tag. */
  heads(tag: BlockTag, signal: AbortSignal): Promise<HeadsAnswer>;
  /** Looks whether the head stands still, at a block, with some of those who tell of it alone; true where others have more. */
  lookBehind(block: number, signal: AbortSignal): Promise<boolean>;
  /** Says whether the endpoint of a name serves another chain, or went to another fork, and is not asked for some time. */
  isPutAside(endpoint: string): boolean;
  /** An endpoint has told of a block. */
  heard(header: BlockHeader, endpoint: string): void;
}
