import type { BlockRange } from '../model/block.js';
import type { RpcError } from './rpc-error.js';

/** How many blocks a request asks for: what the node takes, as far as its answers have told. */
export class RangeSize {
  readonly #wanted: number;
  #cap = Number.POSITIVE_INFINITY;
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
    this.#size = Math.min(this.#wanted, this.#cap, this.#size + Math.ceil(this.#size / 4));
  }

  /** Learns from a refusal of `asked`, and makes the next request smaller in any case. */
  shrink(asked: BlockRange, error: RpcError): void {
    const count = asked.to - asked.from + 1;
    const half = Math.max(1, Math.floor(count / 2));
    if (error.class === 'range-cap') this.#cap = error.cap !== undefined && error.cap < count ? error.cap : half;
    this.#size = Math.min(this.#cap, suggestedSize(asked, error) ?? (error.class === 'range-cap' ? count : half));
  }
}

/** A suggestion counts where it is smaller than what was refused: some nodes suggest the very range they refuse. */
function suggestedSize(asked: BlockRange, { suggestion }: RpcError): number | undefined {
  if (suggestion?.from !== asked.from || suggestion.to >= asked.to) return undefined;
  return suggestion.to - suggestion.from + 1;
}
