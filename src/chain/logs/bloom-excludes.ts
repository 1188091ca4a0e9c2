import type { BlockHeader } from '../../model/block.js';
import { bloomTestOf } from './bloom.js';
import type { LogFilter } from './log-filter.js';

/**
 * Chains whose headers' bloom filters are known to cover every log that their nodes give: ethereum, optimism, bsc, gnosis,
 * base, their test networks and local nodes. On others some logs stand in no filter, such as those of Polygon's state syncs.
 */
const coveredChains: ReadonlySet<number> = new Set([
  1, 10, 56, 97, 100, 8_453, 17_000, 84_532, 560_048, 11_155_111, 11_155_420, 1_337, 31_337,
]);

/** Returns a test of whether a header rules out, beyond doubt, that its block holds a wanted log. */
export function bloomExcludes(filter: LogFilter, chainId: number): (header: BlockHeader) => boolean {
  if (!coveredChains.has(chainId)) return () => false;
  const mayHold = bloomTestOf(filter);
  return ({ logsBloom }) => {
    // A filter of zeros is that of a block without logs, or of a node that does not compute any.
    const says = logsBloom !== undefined && /[^0]/.test(logsBloom.slice(2)) && /[^f]/.test(logsBloom.slice(2));
    return says && !mayHold(logsBloom);
  };
}
