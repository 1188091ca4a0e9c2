import type { RawLog } from '../../src/model/event.js';

/** Makes a log of what matters to a decoder. */
export function rawLog(topics: readonly string[], data = '0x', address = `0x${'11'.repeat(20)}`): RawLog {
  return {
    address: address.toLowerCase(),
    topics,
    data,
    blockNumber: 1,
    blockHash: `0x${'22'.repeat(32)}`,
    transactionHash: `0x${'33'.repeat(32)}`,
    transactionIndex: 0,
    logIndex: 0,
    blockTimestamp: undefined,
    removed: false,
  };
}
