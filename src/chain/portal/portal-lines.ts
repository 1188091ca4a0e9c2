import { readPortalBlock } from './portal-block.js';
import type { PortalBlock } from './portal-block.js';

const newline = 0x0a;

/** Reads blocks from the lines of an answer, one after the other. */
export class PortalLines {
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #lineBytes = 0;

  /** How long the line was that was read last. */
  get lineBytes(): number {
    return this.#lineBytes;
  }

  /** Takes whole lines; those before have been read. */
  take(lines: Buffer): void {
    this.#buffer = lines;
    this.#at = 0;
  }

  /** Returns the block of the next line; null where there is none. Throws PortalError where it is something else. */
  next(): PortalBlock | null {
    if (this.#at >= this.#buffer.length) return null;
    const end = this.#buffer.indexOf(newline, this.#at);
    const block = readPortalBlock(this.#buffer.toString('utf8', this.#at, end));
    this.#lineBytes = end + 1 - this.#at;
    this.#at = end + 1;
    return block;
  }
}
