/** Rooms are whole multiples of this, so that one fits what comes next, too, which is about as long. */
const roomUnit = 2 ** 20;
/** Larger rooms are not kept, in bytes. */
export const largestRoom = 8 * 2 ** 20;
/** How many rooms are kept. */
const mostRooms = 2;

/**
 * Rooms of bytes that nobody needs any more, kept for the next ones: to have megabytes from the system each time, and to give them
 * back, costs as much as to copy what fills them, and has the heap looked through more often.
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
    if (room.length < roomUnit || room.length > largestRoom) return;
    this.#free.push(room);
    if (this.#free.length > mostRooms) this.#free.shift();
  }
}
