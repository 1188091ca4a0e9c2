/** The value of each byte that is a hex digit in lower case; -1 for the others. */
const digitOf = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) digitOf[value.toString(16).charCodeAt(0)] = value;

const quote = 0x22;
const zero = 0x30;
const nine = 0x39;

/** Text of which a place is looked for: compared four bytes at a time. */
export class Literal {
  readonly length: number;
  readonly words: Uint32Array;
  readonly rest: Uint8Array;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.length = bytes.length;
    this.words = Uint32Array.from({ length: bytes.length >> 2 }, (_word, index) => bytes.readUInt32LE(4 * index));
    this.rest = bytes.subarray(4 * this.words.length);
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
  holds(at: number, { length, words, rest }: Literal): boolean {
    if (at + length > this.buffer.length) return false;
    let place = at;
    for (let i = 0; i < words.length; i++, place += 4) {
      if (this.#view.getUint32(place, true) !== words[i]) return false;
    }
    for (let i = 0; i < rest.length; i++, place++) if (this.buffer[place] !== rest[i]) return false;
    return true;
  }

  /** Says whether the same stands at two places, of so many bytes. */
  repeats(at: number, before: number, length: number): boolean {
    const end = at + length;
    if (end > this.buffer.length) return false;
    const distance = before - at;
    let place = at;
    for (; place + 4 <= end; place += 4) {
      if (this.#view.getUint32(place, true) !== this.#view.getUint32(place + distance, true)) return false;
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

  /** Returns where the hex digits end that begin at a place. */
  digitsEnd(from: number): number {
    let at = from;
    while ((digitOf[this.buffer[at] as number] as number) >= 0) at++;
    return at;
  }

  /** Returns the number that hex digits say, of which there are 13 at most: a safe integer. */
  number(from: number, end: number): number {
    let value = 0;
    for (let at = from; at < end; at++) value = value * 16 + (digitOf[this.buffer[at] as number] as number);
    return value;
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
