const firstRoom = 16_384;

/**
 * Writes RLP (Yellow Paper, appendix B) from its end to its beginning: what stands in front of a list or of bytes is how long
 * they are, and that is known when they are written. So nothing is copied, and a list is made of what stands in it: its items
 * are written last to first, then `list` closes them.
 */
export class RlpWriter {
  #room: Buffer;
  /** How much has been written; it stands at the end of the room. */
  #length = 0;

  /** Takes for how many bytes room is made to begin with. */
  constructor(room = firstRoom) {
    this.#room = Buffer.allocUnsafe(room);
  }

  /** How many bytes there are: what is written from here on is closed, taken or dropped by this number. */
  get length(): number {
    return this.#length;
  }

  /** Writes 0x-hex as bytes; throws TypeError where it is none. */
  hex(value: unknown): void {
    if (typeof value !== 'string' || !value.startsWith('0x') || value.length % 2 !== 0) throw new TypeError('no bytes');
    const since = this.#length;
    const length = value.length / 2 - 1;
    const at = this.#take(length);
    // What is no hex ends it: a look at each digit beforehand would take longer.
    if (this.#room.write(value.slice(2), at, length, 'hex') !== length) throw new TypeError('no bytes');
    this.bytes(since);
  }

  /** Writes a number that is given as 0x-hex, without zeros in front; throws TypeError where it is none. */
  number(value: unknown): void {
    const digits = typeof value === 'string' ? /^0x0*([0-9a-f]*)$/i.exec(value)?.[1] : undefined;
    if (digits === undefined || value === '0x') throw new TypeError('no number');
    this.hex(digits.length % 2 === 0 ? `0x${digits}` : `0x0${digits}`);
  }

  /** Writes bytes as they are: a type in front of an item, or an item that is RLP already. */
  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#room.set(bytes, at);
  }

  /** Makes one item, of bytes, of all that was written since there were so many. */
  bytes(since: number): void {
    const length = this.#length - since;
    const isItself = length === 1 && (this.#room[this.#room.length - this.#length] ?? 0) < 0x80;
    if (!isItself) this.#prefix(length, 0x80);
  }

  /** Makes one list of all items that were written since there were so many bytes. */
  list(since: number): void {
    this.#prefix(this.#length - since, 0xc0);
  }

  /** Returns what was written since there were so many bytes: to be read before anything else is written. */
  since(length: number): Buffer {
    const end = this.#room.length;
    return this.#room.subarray(end - this.#length, end - length);
  }

  /** Forgets what was written since there were so many bytes. */
  drop(length: number): void {
    this.#length = length;
  }

  #prefix(length: number, base: number): void {
    if (length < 56) {
      this.#byte(base + length);
      return;
    }
    let count = 0;
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256), count++) this.#byte(rest % 256);
    this.#byte(base + 55 + count);
  }

  #byte(value: number): void {
    // Before the room is looked at: it may be another one afterwards.
    const at = this.#take(1);
    this.#room[at] = value;
  }

  /** Returns the place of so many bytes in front of what there is. */
  #take(count: number): number {
    const length = this.#length + count;
    if (length > this.#room.length) this.#grow(length);
    this.#length = length;
    return this.#room.length - length;
  }

  #grow(least: number): void {
    const written = this.since(0);
    const larger = Buffer.allocUnsafe(Math.max(least, 2 * this.#room.length));
    written.copy(larger, larger.length - written.length);
    this.#room = larger;
  }
}
