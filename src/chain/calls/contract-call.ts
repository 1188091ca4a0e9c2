import type { BlockRef } from '../../model/block.js';

/** A call of a contract that changes nothing. */
export interface ContractCall {
  /** 0x-hex in lower case. */
  readonly target: string;
  /** The selector and the arguments, 0x-hex in lower case. */
  readonly data: string;
}

/** The block of whose state a call is: one of the chain, or the newest one, which must not be below a number. */
export type CallBlock = BlockRef | { readonly latestFrom: number };

/** Calls of one block. */
export interface BlockCalls {
  readonly block: CallBlock;
  readonly calls: readonly ContractCall[];
}

/** What the contract returned, 0x-hex in lower case (null: it reverted), which endpoint said so, and at which block. */
export interface CallData {
  readonly data: string | null;
  readonly endpoint: string;
  readonly block: number;
}

/** What became of a call. */
export type CallAnswer =
  | CallData
  /** What no endpoint that answers has (yet, or any more), and why others could not be asked, where there are some. */
  | { readonly lacks: 'block' | 'state'; readonly unasked?: string };

/** One `eth_call`: a contract's, or one of Multicall3 that holds many. */
export interface CallUnit {
  readonly block: CallBlock;
  readonly call: ContractCall;
}

/** Says whether a block is one of the chain. */
export function isPinned(block: CallBlock): block is BlockRef {
  return 'hash' in block;
}
