import type { BlockRange } from '../model/block.js';
import type { RpcError } from './rpc-error.js';

/** After so many answers a size that was refused may be tried again: the refusal may have had another reason. */
const answersUntilRetried = 100;

/** How many blocks a request asks for: what the node takes, as far as its answers have told. */
export class RangeSize {
  readonly #wanted: number;
  /** The most blocks, as the node has stated. */
  #cap = Number.POSITIVE_INFINITY;
  /** The smallest number of blocks that the node refused without stating a limit. */
  #refused = Number.POSITIVE_INFINITY;
  #answers = 0;
  #size: number;

  /** Begins with, and never exceeds, `wanted` blocks. */
  constructor(wanted: number) {
    this.#wanted = wanted;
    this.#size = wanted;
  }

  /** Returns the head of a range that may be asked for now. */
  headOf(range: BlockRange, most = Number.POSITIVE_INFINITY): BlockRange {
    const size = Math.max(1, Math.min(this.#size, this.#cap, most));
    return { from: range.from, to: Math.min(range.to, range.from + size - 1) };
  }

  /** Learns from an answer: the next request may be somewhat larger. */
  grow(): void {
    if (++this.#answers >= answersUntilRetried) this.#refused = Number.POSITIVE_INFINITY;
    const larger = this.#size + Math.ceil(this.#size / 4);
    this.#size = Math.max(1, Math.min(this.#wanted, this.#cap, this.#refused - 1, larger));
  }

  /** Learns from a refusal of `asked`, and makes the next request smaller in any case. */
  shrink(asked: BlockRange, error: RpcError): void {
    const count = asked.to - asked.from + 1;
    const isStated = error.class === 'range-cap' && error.cap !== undefined && error.cap < count;
    if (isStated) this.#cap = error.cap;
    else if (error.class === 'range-cap') this.#refuse(count);
    // A node that did not answer at all is asked for a quarter: each such try takes long.
    const smaller = Math.max(1, Math.floor(count / (error.lostConnection ? 4 : 2)));
    this.#size = Math.min(this.#cap, suggestedSize(asked, error) ?? (isStated ? this.#cap : smaller));
  }

  #refuse(count: number): void {
    this.#refused = Math.min(this.#refused, count);
    this.#answers = 0;
  }
}

/** A suggestion counts where it is smaller than what was refused: some nodes suggest the very range they refuse. */
function suggestedSize(asked: BlockRange, { suggestion }: RpcError): number | undefined {
  if (suggestion?.from !== asked.from || suggestion.to >= asked.to) return undefined;
  return suggestion.to - suggestion.from + 1;
}
