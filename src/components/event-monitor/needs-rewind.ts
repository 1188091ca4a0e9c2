import type { ChainView } from '../../chain/blocks/chain-view.js';
import { lastCommonBlock } from '../../chain/blocks/last-common-block.js';
import type { StoredBlock } from '../../chain/blocks/last-common-block.js';
import { askAgain } from '../../chain/blocks/reorg.js';
import type { ReorgTooDeepError } from '../../chain/blocks/reorg.js';
import type { BlockHeader } from '../../model/block.js';
import type { Call } from '../../runtime/call.js';
import { NeedsRewindError } from '../../runtime/errors.js';

interface StoredStretch {
  readonly chain: Pick<ChainView, 'header'>;
  /** Its first block. */
  readonly first: number;
  readonly storedBlock: StoredBlock;
}

/** Finds out how far back the rows of a stretch stand on a chain that was reorganised too deep; returns what to tell. */
export async function needsRewind(
  error: ReorgTooDeepError,
  { chain, first, storedBlock }: StoredStretch,
  call: Call,
): Promise<NeedsRewindError> {
  const headerOf = async (number: number): Promise<BlockHeader | null> => {
    const header = await askAgain(() => chain.header(number, call.signal));
    await call.moved();
    return header;
  };
  const { replaced, message } = error;
  const common = await lastCommonBlock({ first, replaced }, storedBlock, headerOf);
  const found =
    common === null
      ? 'no stored event is part of the chain any more'
      : `the newest stored events that are still part of the chain are those of block ${common.number}`;
  const keeps = common?.number ?? (first > 0 ? first - 1 : null);
  return new NeedsRewindError(`${message}; ${found}`, { keeps, cause: error });
}
