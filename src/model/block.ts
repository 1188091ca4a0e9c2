/** A block by number and hash. */
export interface BlockRef {
  readonly number: number;
  /** 0x-hex in lower case. */
  readonly hash: string;
}

/** A block and when it was made. */
export interface BlockTime extends BlockRef {
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
}

/** The part of a block's header that chainparse uses. */
export interface BlockHeader extends BlockTime {
  readonly parentHash: string;
  /** The block's 256-byte bloom filter, 0x-hex; undefined where the node leaves it out. */
  readonly logsBloom: string | undefined;
  /** The root of the block's receipts, 0x-hex in lower case; undefined where the node leaves it out. */
  readonly receiptsRoot?: string | undefined;
}

/** Blocks `from` to `to`, both included. */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
}
