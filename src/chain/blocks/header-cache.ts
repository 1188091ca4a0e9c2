import type { BlockHeader, BlockRef } from '../../model/block.js';

/** Remembers so many headers of a chain, the newest heard of, by their hashes. */
export class HeaderCache {
  readonly #headers = new Map<string, BlockHeader>();
  readonly #size: number;

  constructor(size = 256) {
    this.#size = size;
  }

  add(header: BlockHeader): void {
    this.#headers.delete(header.hash);
    this.#headers.set(header.hash, header);
    for (const hash of this.#headers.keys()) {
      if (this.#headers.size <= this.#size) return;
      this.#headers.delete(hash);
    }
  }

  /** Says whether a block is known to be one that a head stands on, or the head itself. */
  isBelow(block: BlockRef, head: BlockHeader): boolean {
    return block.hash === head.hash || this.between(block, head) !== null;
  }

  /** Returns the headers from a block's child up to a head, number by number; null where one is unknown, or none leads there. */
  between(block: BlockRef, head: BlockHeader): BlockHeader[] | null {
    const path: BlockHeader[] = [];
    for (let at: BlockHeader | undefined = head; at !== undefined; at = this.#headers.get(at.parentHash)) {
      // What a node makes up may skip blocks, or lead back to itself.
      if (at.number <= block.number || at.number !== head.number - path.length) return null;
      path.push(at);
      if (at.parentHash === block.hash) return at.number === block.number + 1 ? path.reverse() : null;
    }
    return null;
  }
}
