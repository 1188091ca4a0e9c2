import type { RawLog } from '../../model/event.js';

/** Returns the numbers of the blocks that logs stand in, in the logs' order: each once where the logs of a block follow each other. */
export function blocksOf(logs: readonly RawLog[]): number[] {
  const numbers: number[] = [];
  let last: number | undefined;
  for (const { blockNumber } of logs) {
    if (blockNumber !== last) numbers.push(blockNumber);
    last = blockNumber;
  }
  return numbers;
}
