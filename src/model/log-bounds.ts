/** The largest numbers of a log and its block, by what the columns of the tables `event` and `undecoded_log` hold. */
export const logBounds = {
  /** `BIGINT`, of which half the safe integers: the block behind it is a number, too. */
  blockNumber: 2 ** 52 - 1,
  /** `BIGINT`, in seconds, of which those that are a date. */
  timestamp: 8_640_000_000_000,
  /** `INT`. */
  transactionIndex: 2 ** 31 - 1,
  /** `INT`. */
  logIndex: 2 ** 31 - 1,
} as const;
