import { areFourHexDigits } from '../../../runtime/hex-digits.js';

/** The value of each byte that is a hex digit in lower case; -1 for the others. */
const digitOf = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) digitOf[value.toString(16).charCodeAt(0)] = value;

const quote = 0x22;
const zero = 0x30;
const nine = 0x39;

const wordBytes = 8;

/**
 * Text of which a place is looked for: compared eight bytes at a time, as if they were floating-point numbers, the only ones
 * of that length that cost nothing. Two that are equal are so byte by byte, for none that text makes is zero; what is no
 * number equals nothing, and is then told from the text although it is the same.
 */
export class Literal {
  readonly length: number;
  readonly words: Float64Array;
  /** Where the last of the words begins, which holds bytes of the one before where the length wants it; -1: there are none. */
  readonly last: number;
  /** The bytes of a text that is shorter than a word. */
  readonly bytes: Uint8Array;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.length = bytes.length;
    this.last = bytes.length < wordBytes ? -1 : bytes.length - wordBytes;
    this.bytes = this.last < 0 ? bytes : new Uint8Array();
    const words = this.last < 0 ? 0 : Math.ceil(bytes.length / wordBytes);
    const at = (word: number): number => Math.min(wordBytes * word, this.last);
    this.words = Float64Array.from({ length: words }, (_word, index) => bytes.readDoubleLE(at(index)));
  }
}

/** JSON as it was sent. Places behind its end may be asked for, and hold nothing. */
export class JsonBytes {
  readonly buffer: Buffer;
  readonly #view: DataView;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  /** Says whether a text stands at a place. */
  holds(at: number, { length, words, last, bytes }: Literal): boolean {
    if (at + length > this.buffer.length) return false;
    for (let i = 0; i < bytes.length; i++) if (this.buffer[at + i] !== bytes[i]) return false;
    for (let i = 0; i < words.length; i++) {
      const place = i === words.length - 1 ? last : wordBytes * i;
      if (this.#view.getFloat64(at + place, true) !== words[i]) return false;
    }
    return true;
  }

  /** Says whether the same stands at two places, of so many bytes; at the second one it is text. */
  repeats(at: number, before: number, length: number): boolean {
    const end = at + length;
    if (end > this.buffer.length) return false;
    const distance = before - at;
    let place = at;
    for (; place + wordBytes <= end; place += wordBytes) {
      if (this.#view.getFloat64(place, true) !== this.#view.getFloat64(place + distance, true)) return false;
    }
    for (; place < end; place++) if (this.buffer[place] !== this.buffer[place + distance]) return false;
    return true;
  }

  /** Mixes the eight bytes that end at a place into 32 bits, the highest best; 0 where they are not all there. */
  hash(end: number): number {
    if (end > this.buffer.length) return 0;
    const first = this.#view.getUint32(end - 8, true);
    return Math.imul(Math.imul(first, 0x9e3779b1) ^ this.#view.getUint32(end - 4, true), 0x85ebca6b) >>> 0;
  }

  /** Returns where the text ends that begins at a place: at its closing quote. */
  textEnd(from: number): number {
    const end = this.buffer.indexOf(quote, from);
    return end < 0 ? this.buffer.length : end;
  }

  /** Says whether hex digits in lower case, and nothing else, stand between two places. */
  areDigits(from: number, end: number): boolean {
    if (end > this.buffer.length) return false;
    let at = from;
    for (; at + 4 <= end; at += 4) if (!areFourHexDigits(this.#view.getInt32(at, true))) return false;
    for (; at < end; at++) if ((digitOf[this.buffer[at] as number] as number) < 0) return false;
    return true;
  }

  /** Returns the value of the hex digit in lower case at a place; less than zero where there is none. */
  digit(at: number): number {
    return digitOf[this.buffer[at] as number] ?? -1;
  }

  /** Returns where the decimal digits end that begin at a place. */
  decimalsEnd(from: number): number {
    let at = from;
    for (let byte = this.buffer[at]; byte !== undefined && byte >= zero && byte <= nine; byte = this.buffer[at]) at++;
    return at;
  }

  /** Returns the number that decimal digits say, of which there are 15 at most. */
  decimal(from: number, end: number): number {
    let value = 0;
    for (let at = from; at < end; at++) value = value * 10 + (this.buffer[at] as number) - zero;
    return value;
  }

  /** Says whether a quote stands at a place. */
  isQuote(at: number): boolean {
    return this.buffer[at] === quote;
  }

  /** Says whether a zero stands at a place. */
  isZero(at: number): boolean {
    return this.buffer[at] === zero;
  }

  /** Returns the text between two places. */
  text(from: number, end: number): string {
    return this.buffer.toString('utf8', from, end);
  }

  /** Returns the text between two places, byte by byte: right for ASCII. */
  ascii(from: number, end: number): string {
    return this.buffer.toString('latin1', from, end);
  }
}
