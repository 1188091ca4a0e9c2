/** How much room is made at once at most: a server may claim any length. */
const firstRoom = 8 * 2 ** 20;
/** Rooms are whole multiples of this, so that one fits the next answer, too, which is about as long. */
const roomUnit = 2 ** 20;
/** How many rooms are kept, of `firstRoom` at most. */
const mostRooms = 2;

/**
 * Rooms of answers that have been read, kept for the next ones: to have megabytes from the system for each answer, and to
 * give them back, costs as much as to copy what fills them.
 */
export class Rooms {
  readonly #free: Buffer[] = [];

  /** Returns a room for so many bytes, whose contents are whatever they were. */
  take(length: number): Buffer {
    const at = this.#free.findIndex((room) => room.length >= length);
    const [room] = at < 0 || length < roomUnit ? [] : this.#free.splice(at, 1);
    return room ?? Buffer.allocUnsafeSlow(length < roomUnit ? length : Math.ceil(length / roomUnit) * roomUnit);
  }

  /** Takes back a room that nobody reads any more. */
  give(room: Buffer): void {
    if (room.length < roomUnit || room.length > firstRoom) return;
    this.#free.push(room);
    if (this.#free.length > mostRooms) this.#free.shift();
  }
}

/** Puts the pieces of an answer together as they come: kept until the end, they would take its room twice. */
export class ReceivedBody {
  readonly #rooms: Rooms;
  #room: Buffer;
  #length = 0;

  /** Takes how long the answer is to be, in bytes; undefined where the server does not say. */
  constructor(expected: number | undefined, rooms = new Rooms()) {
    this.#rooms = rooms;
    this.#room = rooms.take(Math.min(expected ?? 0, firstRoom));
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
