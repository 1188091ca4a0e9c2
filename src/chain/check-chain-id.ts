import { ChainMismatchError } from '../runtime/errors.js';

/** The ids that the node's chain must have. */
interface ExpectedChain {
  /** Of the definition. */
  readonly defined: number;
  /** Of what has been read so far; null where that is nothing. */
  readonly read: number | null;
}

/** Throws ChainMismatchError where the node serves another chain than the definition, or the events so far, are of. */
export function checkChainId(found: number, { defined, read }: ExpectedChain): void {
  if (found !== defined) throw mismatch(`the definition means chain ${defined}`, found);
  if (read !== null && found !== read) throw mismatch(`the pipeline's events are of chain ${read}`, found);
}

function mismatch(meant: string, found: number): ChainMismatchError {
  return new ChainMismatchError(`${meant}, but the node serves chain ${found}`, {
    hint: "check the RPC URL, or the definition's chain_name and chain_id",
  });
}
