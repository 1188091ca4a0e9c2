import { largestRoom } from '../../../runtime/rooms.js';
import type { Rooms } from '../../../runtime/rooms.js';

/** Puts the pieces of an answer together as they come: kept until the end, they would take its room twice. */
export class ReceivedBody {
  readonly #rooms: Rooms;
  #room: Buffer;
  #length = 0;

  /** Takes how long the answer is to be, in bytes; undefined where the server does not say. */
  constructor(expected: number | undefined, rooms: Rooms) {
    this.#rooms = rooms;
    this.#room = rooms.take(Math.min(expected ?? 0, largestRoom));
  }

  /** How many bytes have come. */
  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#room.length) {
      const larger = this.#rooms.take(Math.max(length, 2 * this.#room.length));
      this.#room.copy(larger, 0, 0, this.#length);
      this.#rooms.give(this.#room);
      this.#room = larger;
    }
    piece.copy(this.#room, this.#length);
    this.#length = length;
  }

  /** Returns what has come. */
  whole(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  /** Gives its room to a later answer: what `whole` returned must not be read any more. */
  release(): void {
    const room = this.#room;
    this.#room = Buffer.alloc(0);
    this.#rooms.give(room);
  }
}
