import type { BlockRange } from '../../model/block.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import { UsageError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';

/** Returns the part of a range that a pipeline has read, and warns of the rest; throws UsageError where that is nothing. */
export function rangeToVerify(
  pipelineId: number,
  checkpoint: Checkpoint | null,
  asked: { readonly fromBlock?: number | undefined; readonly toBlock?: number | undefined },
  logger: Logger,
): BlockRange {
  if (checkpoint === null || checkpoint.blockNumber === null) {
    throw new UsageError(`pipeline ${pipelineId} has not read any block yet`);
  }
  const { startBlock, blockNumber } = checkpoint;
  const [first, last] = [startBlock ?? 0, blockNumber];
  const range = { from: Math.max(asked.fromBlock ?? first, first), to: Math.min(asked.toBlock ?? last, last) };
  const what = `pipeline ${pipelineId} has been read from block ${first} to block ${last}`;
  if (range.from > range.to) {
    throw new UsageError(`${what}: there is nothing to verify`, {
      hint: 'give --from-block and --to-block within that',
    });
  }
  if ((asked.fromBlock ?? first) < first || (asked.toBlock ?? last) > last) {
    const message = `${what}: only blocks ${range.from} to ${range.to} are verified`;
    logger.log('warn', message, { event: 'verify.clipped', ...range });
  }
  return range;
}
