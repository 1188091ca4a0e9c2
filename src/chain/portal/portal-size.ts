import type { BlockRange } from '../../model/block.js';

/** How long an answer should be, in bytes of its text: as long as one that is handed out at a time. */
export const pieceBytes = 4 * 2 ** 20;
/** Up to how many times as long where requests have to wait for their turn: then few should bring much. */
const mostPieces = 16;
/** How much more blocks than before a request may ask for. */
const growth = 8;
/** The share that a new answer has in what is expected of the next one. */
const newsShare = 0.5;

/** An answer, as far as it tells how much to ask for. */
interface Answered {
  /** How many blocks came now, and how long their text was. */
  readonly blocks: number;
  readonly bytes: number;
  /** How many blocks came of the whole answer where nothing of it is left; undefined where something is. */
  readonly inAll: number | undefined;
  /** True where that is all that was asked for. */
  readonly isWhole: boolean;
  /** How long its request waited for its turn, in milliseconds; undefined where it was made for a piece before. */
  readonly waitedMs: number | undefined;
}

/** Finds out how many blocks a request should ask for: one that reaches too far is read in pieces, and costs no other request. */
export class PortalSize {
  #blocks: number;
  #mostBlocks = Number.POSITIVE_INFINITY;
  #bytesPerBlock = 0;
  #pieces = 1;
  #isProven = false;

  /** Takes how many blocks to ask for, to begin with. */
  constructor(blocks: number) {
    this.#blocks = blocks;
  }

  /** True once an answer has told how long answers are. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** Returns the head of a range that one request may ask for now. */
  headOf({ from, to }: BlockRange): BlockRange {
    return { from, to: Math.min(to, from + this.#blocks - 1) };
  }

  /** Learns from an answer. */
  answered({ blocks, bytes, inAll, isWhole, waitedMs }: Answered): void {
    this.#isProven = true;
    const perBlock = bytes / blocks;
    this.#bytesPerBlock += (perBlock - this.#bytesPerBlock) * (this.#bytesPerBlock === 0 ? 1 : newsShare);
    if (waitedMs !== undefined)
      this.#pieces = waitedMs > 0 ? Math.min(mostPieces, this.#pieces * 2) : Math.max(1, this.#pieces - 1);
    // A portal that ends its answers early would leave gaps to be asked for one by one.
    if (inAll !== undefined) this.#mostBlocks = isWhole ? this.#mostBlocks * 2 : inAll;
    const wanted = Math.floor((pieceBytes * this.#pieces) / this.#bytesPerBlock);
    this.#blocks = Math.max(1, Math.min(wanted, this.#mostBlocks, this.#blocks * growth));
  }
}
