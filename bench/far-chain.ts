import { LogChain } from './log-chain.js';
import type { FarNodeTraits } from './far-node-rules.js';

/** Returns the chain that a far node tells of. */
export function farChain({ blocks, logsPerBlock, maxBlocks }: FarNodeTraits): LogChain {
  return new LogChain({
    blocks,
    logsPerBlock,
    times: false,
    refuse: (count) =>
      count > maxBlocks ? { code: -32000, message: `block range exceeds the limit of ${maxBlocks} blocks` } : null,
  });
}
