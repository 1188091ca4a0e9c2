import { areFourHexDigits } from '../../runtime/hex-digits.js';
import type { Rooms } from '../../runtime/rooms.js';
import { hexDigits } from '../script.js';

/** The longest that a character of JavaScript's becomes, in bytes. */
const longestCharacter = 3;
/** The most that `number` writes digit by digit; what is more, or no whole number, is a text. */
const largestSmall = 2 ** 31 - 1;

const zero = 0x30;
const letterX = 0x78;
const semicolon = 0x3b;

/** A statement, or its bytes. */
export type SqlPart = string | Buffer;

/**
 * SQL that is written as bytes, piece by piece. As one text each value would be copied, and collected as garbage, several
 * times: when it is added, when all are joined, and when they are sent.
 */
export class SqlBytes {
  readonly #rooms: Rooms;
  #bytes: Buffer;
  #view: DataView;
  #length = 0;

  /** Takes for how many bytes, about, there shall be room. */
  constructor(rooms: Rooms, about: number) {
    this.#rooms = rooms;
    this.#bytes = rooms.take(about);
    this.#view = viewOf(this.#bytes);
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  /** Writes a text. */
  text(text: string): void {
    this.#reserve(longestCharacter * text.length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Writes bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes a character that is a byte. */
  character(code: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = code;
  }

  /** Writes a number as JavaScript does. */
  number(value: number): void {
    if (!(value >= 0 && value <= largestSmall && Number.isInteger(value))) {
      this.text(String(value));
      return;
    }
    this.#reserve(16);
    let end = this.#length + 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) end++;
    this.#length = end;
    let rest = value;
    do {
      const tens = (rest / 10) | 0;
      this.#bytes[--end] = zero + rest - 10 * tens;
      rest = tens;
    } while (rest > 0);
  }

  /** Writes the digits of 0x-hex behind at least two bytes; throws a TypeError where it is none, of whole bytes. */
  hexDigits(value: string): void {
    this.#reserve(longestCharacter * value.length);
    // In the place of 0x stands what was there: to take it off would be a text more for each value.
    const start = this.#length - 2;
    const [first, second] = [this.#bytes[start] ?? 0, this.#bytes[start + 1] ?? 0];
    const end = start + this.#bytes.write(value, start);
    // What is in upper case is looked at by itself.
    if (!this.#isHex(start, end)) hexDigits(value);
    this.#bytes[start] = first;
    this.#bytes[start + 1] = second;
    this.#length = end;
  }

  /** Writes statements, one behind the other. */
  statements(parts: readonly SqlPart[]): void {
    for (const [at, part] of parts.entries()) {
      if (at > 0) this.character(semicolon);
      if (typeof part === 'string') this.text(part);
      else this.bytes(part);
    }
  }

  /** Returns a copy of what was written from a place on, and forgets it. */
  cut(from: number): Buffer {
    const end = Buffer.from(this.#bytes.subarray(from, this.#length));
    this.#length = from;
    return end;
  }

  /** Returns what was written, in its room, which may be longer. Nothing is written behind it any more. */
  end(): { readonly written: Buffer; readonly room: Buffer } {
    return { written: this.#bytes.subarray(0, this.#length), room: this.#bytes };
  }

  #isHex(start: number, end: number): boolean {
    const isWhole = (end - start) % 2 === 0 && this.#bytes[start] === zero && this.#bytes[start + 1] === letterX;
    if (!isWhole) return false;
    let at = start + 2;
    for (; at + 4 <= end; at += 4) if (!areFourHexDigits(this.#view.getInt32(at))) return false;
    // Two digits twice are four.
    return at === end || areFourHexDigits(0x10001 * this.#view.getUint16(at));
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const before = this.#bytes;
    this.#bytes = this.#rooms.take(Math.max(needed, 2 * before.length));
    this.#view = viewOf(this.#bytes);
    before.copy(this.#bytes, 0, 0, this.#length);
    this.#rooms.give(before);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Returns how many bytes statements take, about. */
export function lengthOf(parts: readonly SqlPart[]): number {
  return parts.reduce((length, part) => length + part.length + 1, 0);
}
