/** A log as a node gives it, with its numbers parsed. Hashes, topics and data are 0x-hex in lower case. */
export interface RawLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly transactionIndex: number;
  readonly logIndex: number;
  /** Seconds since the Unix epoch; undefined where the node does not say, or says zero. */
  readonly blockTimestamp: number | undefined;
  readonly removed: boolean;
}

/** Where a log stands on the chain. An event's id is (chain id, block hash, transaction hash, log index). */
export interface LogPosition {
  readonly blockNumber: number;
  readonly blockHash: string;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
  readonly transactionHash: string;
  readonly transactionIndex: number;
  readonly logIndex: number;
  /** EIP-55. */
  readonly contractAddress: string;
}

/** A decoded event. */
export interface ChainEvent extends LogPosition {
  readonly eventName: string;
  readonly eventSignature: string;
  /**
   * The arguments as the text of one JSON object in the order of the ABI: text, because both storage and export want
   * text, and because names such as `__proto__` or `1` would not survive a JavaScript object.
   */
  readonly argsJson: string;
}

/** Why a log could not become an event. */
export type UndecodedReason = 'unknown_event' | 'indexed_mismatch' | 'no_topics' | 'undecodable';

/** A log that matches no event of the ABI or can't be decoded, kept whole. */
export interface UndecodedLog extends LogPosition {
  readonly topics: readonly string[];
  readonly data: string;
  readonly reason: UndecodedReason;
}
