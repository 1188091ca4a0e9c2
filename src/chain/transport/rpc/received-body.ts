/** How much room is made at once at most: a server may claim any length. */
const firstRoom = 8 * 2 ** 20;

/** Puts the pieces of an answer together as they come: kept until the end, they would take its room twice. */
export class ReceivedBody {
  #room: Buffer;
  #length = 0;

  /** Takes how long the answer is to be, in bytes; undefined where the server does not say. */
  constructor(expected: number | undefined) {
    this.#room = Buffer.allocUnsafeSlow(Math.min(expected ?? 0, firstRoom));
  }

  /** How many bytes have come. */
  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#room.length));
      this.#room.copy(larger, 0, 0, this.#length);
      this.#room = larger;
    }
    piece.copy(this.#room, this.#length);
    this.#length = length;
  }

  /** Returns what has come. */
  whole(): Buffer {
    return this.#room.subarray(0, this.#length);
  }
}
