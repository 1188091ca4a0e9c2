import type { BlockRange } from './block.js';

/** A contract that a factory has announced: by an event of the factory, in one of its arguments. */
export interface FactoryChild {
  /** Of nested factories the outermost makes children of level 0; those of the last level are read. */
  readonly level: number;
  /** 0x-hex in lower case. */
  readonly address: string;
  /** The block from which it is a child: that of the announcement, or a later one in which its factory became one. */
  readonly since: number;
  /** Blocks below those that were being read when it was found, and which are yet to be read for it; null: none. */
  readonly earlier: BlockRange | null;
}

/** The children that a pipeline knows. */
export interface KnownChildren {
  /** Which factory they are of, as a digest of its definition. */
  readonly definition: string;
  /** Up to this block all announcements are known. */
  readonly knownTo: number;
  readonly children: readonly FactoryChild[];
}

/** The children that a chain tells. */
export interface ToldChildren extends KnownChildren {
  /** The hash (0x-hex) of the block up to which they are known: they are those of its chain. */
  readonly hash: string;
}

/** Children that were found in a stretch of blocks. */
export interface FoundChildren extends KnownChildren {
  /** Up to this block all had been known before; what is stored of later ones is replaced. -1: nothing had been. */
  readonly knownFrom: number;
}

/** A child has rows of blocks below its announcement: they go with it. */
export interface EarlyRows {
  readonly address: string;
  readonly firstBlock: number;
}
