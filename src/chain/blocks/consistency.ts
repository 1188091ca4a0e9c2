import type { BlockHeader, BlockRef, BlockTime } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { ChainUnreachableError } from '../../runtime/errors.js';

/** The node can't show blocks that it said it has, or shows ones that don't fit together: look at its head again. */
export class NodeLagsError extends ChainUnreachableError {}

/** Answers that are each well-formed but don't fit together: the node lags, or was reorganised in between. */
export class Inconsistency extends Error {
  /** The block that shows it, where one does. */
  readonly block: number | undefined;

  constructor(message: string, block?: number) {
    super(message);
    this.block = block;
  }
}

/** Returns headers of consecutive blocks from `from` on; throws Inconsistency where one lacks or does not fit its parent. */
export function checkLinks(headers: readonly (BlockHeader | null)[], from: number): BlockHeader[] {
  const linked: BlockHeader[] = [];
  for (const [index, header] of headers.entries()) {
    if (header?.number !== from + index) throw new Inconsistency(`block ${from + index} is not there`);
    const parent = linked.at(-1);
    if (parent !== undefined && header.parentHash !== parent.hash) {
      throw new Inconsistency(`block ${header.number} is not the child of block ${parent.number}`);
    }
    linked.push(header);
  }
  return linked;
}

/** Throws Inconsistency where a log names another block than the one known, or than its neighbour of the same number. */
export function checkHashes(logs: readonly RawLog[], known: readonly BlockRef[]): void {
  const hashes = new Map(known.map((block) => [block.number, block.hash]));
  let before: RawLog | undefined;
  for (const log of logs) {
    const { blockNumber, blockHash } = log;
    // Most logs stand in the block of the one before.
    if (before?.blockNumber === blockNumber && before.blockHash === blockHash) continue;
    before = log;
    const hash = hashes.get(blockNumber);
    if (hash === undefined) hashes.set(blockNumber, blockHash);
    else if (hash !== blockHash) throw new Inconsistency(`a log stands in another block ${blockNumber}`, blockNumber);
  }
}

/** Throws Inconsistency where a log names another time than its block. */
export function checkTimes(logs: readonly RawLog[], known: readonly BlockTime[]): void {
  if (known.length === 0) return;
  const times = new Map(known.map(({ number, timestamp }) => [number, timestamp]));
  for (const { blockNumber, blockTimestamp } of logs) {
    // Some nodes leave times out here and there.
    if (blockTimestamp === undefined || blockTimestamp === (times.get(blockNumber) ?? blockTimestamp)) continue;
    throw new Inconsistency(`a log tells another time of block ${blockNumber}`, blockNumber);
  }
}
