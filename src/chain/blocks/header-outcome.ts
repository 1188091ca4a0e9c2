import type { BlockHeader, BlockTime } from '../../model/block.js';
import type { RpcCall, RpcOutcome } from '../transport/rpc/json-rpc-answer.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import { readBlockTime, readHeader, timeFields } from './read-header.js';

export type BlockTag = 'latest' | 'safe' | 'finalized';

/** What the node says of a tag: a header, null (it knows none), or why it would not say. */
export type TagAnswer = BlockHeader | RpcError | null;

/** The headers of the newest block and of another tag, as one node gave them in one breath. */
export interface HeadsAnswer {
  readonly latest: BlockHeader | null;
  readonly tagged: TagAnswer;
  /** The name of the endpoint that answered. */
  readonly endpoint: string;
}

/** Returns the call that asks for a block's header. */
export function headerCall(block: number | BlockTag): RpcCall {
  return { method: 'eth_getBlockByNumber', params: [typeof block === 'number' ? hexOf(block) : block, false] };
}

/** Returns the same call, of whose answer only the block's time is wanted. */
export function timeCall(block: number): RpcCall {
  return { ...headerCall(block), pick: timeFields };
}

/** Returns a number as nodes read it. */
export function hexOf(number: number): string {
  return `0x${number.toString(16)}`;
}

/** Returns the result of a call; throws the error that it ended with. */
export function valueOf(outcome: RpcOutcome | undefined): unknown {
  if (outcome === undefined) return undefined;
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

/** Reads a header; null where the node says, in one way or another, that it has no such block. */
export function headerIn(outcome: RpcOutcome | undefined, number?: number): BlockHeader | null {
  return outcome?.ok === false && saysAbsent(outcome.error) ? null : readHeader(valueOf(outcome), number);
}

/** Reads the newest block's header; throws RpcError of class lag where the node gives none: each chain has a block. */
export function headIn(outcome: RpcOutcome | undefined, { host }: { readonly host: string }): BlockHeader {
  const header = headerIn(outcome);
  if (header !== null) return header;
  const said = outcome?.ok === false ? `: ${outcome.error.text}` : '';
  throw new RpcError(`the node does not know any block${said}`, { class: 'lag', host });
}

/** Reads the header of a block that must be there; throws RpcError of class lag where the endpoint does not have it. */
export function headerOf(
  outcome: RpcOutcome | undefined,
  number: number,
  { host }: { readonly host: string },
): BlockHeader {
  const header = headerIn(outcome, number);
  if (header === null) throw new RpcError(`block ${number} is not there`, { class: 'lag', host });
  return header;
}

/** Says whether a node answers that it has no such block: some do in the words of one that has thrown it away. */
export function saysAbsent({ class: kind, facts }: RpcError): boolean {
  return kind === 'lag' || (kind === 'pruned' && facts.isOfBlock);
}

/** Returns what came of a call that names a known block by its hash: a node that has no such block lags, whatever its words. */
export function ofKnownHash(outcome: RpcOutcome): RpcOutcome {
  if (outcome.ok || outcome.error.class === 'lag' || !saysAbsent(outcome.error)) return outcome;
  const { text, host } = outcome.error;
  return { ...outcome, error: new RpcError(text, { class: 'lag', host, cause: outcome.error }) };
}

/** Says whether it is a header. */
export function tellsTag(answer: TagAnswer): answer is BlockHeader {
  return answer !== null && !(answer instanceof RpcError);
}

/** A node that has no such tag says so in many ways; what will pass is thrown and asked again. */
export function readTag(outcome: RpcOutcome | undefined): TagAnswer {
  if (outcome === undefined || outcome.ok) return readHeader(outcome?.value);
  if (['rate-limit', 'transport', 'internal', 'timeout'].includes(outcome.error.class)) throw outcome.error;
  return outcome.error;
}

/** Reads a block's time as `headerIn` reads a header. */
export function timeIn(outcome: RpcOutcome | undefined, number: number): BlockTime | null {
  return outcome?.ok === false && saysAbsent(outcome.error) ? null : readBlockTime(valueOf(outcome), number);
}

/**
 * Reads what a batch says of blocks into `found`. What failed is left out, to be asked again; errors alone are thrown,
 * unless they say that a block is missing.
 */
export function collectBlocks<T extends BlockTime>(
  numbers: readonly number[],
  outcomes: readonly RpcOutcome[],
  found: Map<number, T | null>,
  readIn: (outcome: RpcOutcome | undefined, number: number) => T | null,
): void {
  // Errors alone: a block is missing only if nothing else is wrong.
  const areErrors = !outcomes.some(({ ok }) => ok);
  for (const [index, number] of numbers.entries()) {
    const outcome = outcomes[index];
    if (areErrors || outcome?.ok === true) found.set(number, readIn(outcome, number));
  }
}
