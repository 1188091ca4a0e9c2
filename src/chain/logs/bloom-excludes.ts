import type { BlockHeader } from '../../model/block.js';
import type { Proofs } from '../blocks/proofs.js';
import { bloomTestOf } from '../blocks/bloom.js';
import type { LogFilter } from '../blocks/log-filter.js';

/** Returns a test of whether a header rules out, beyond doubt, that its block holds a wanted log. */
export function bloomExcludes(filter: LogFilter, proofs: Proofs): (header: BlockHeader) => boolean {
  const mayHold = bloomTestOf(filter);
  return (header) => !mayHold(header.logsBloom) && proofs.mayExclude(header);
}
