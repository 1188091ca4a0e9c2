import { wordDigits } from '../../abi/hex.js';
import { Literal, type JsonBytes } from './json-bytes.js';

/** Bits of a place: a few hundred addresses have a part in most of what happens in a contract. */
const placeBits = 10;

const places = 2 ** placeBits;

/** Reads the digits of a value, in one log after the other. */
export interface FieldReader<T> {
  /** What stands before the digits and behind them. */
  readonly opening: string;
  readonly closing: string;
  /** What was read last. */
  readonly value: T;
  /** Reads the value whose digits begin at a place and returns where they end; -1 where it is none. */
  read(json: JsonBytes, from: number): number;
}

/** A safe integer has no more digits, as hex and as decimals. */
const numberDigits = 13;
const decimalDigits = 15;

/** Reads numbers up to a largest one. */
export class NumberReader implements FieldReader<number> {
  readonly opening = '"0x';
  readonly closing = '"';
  value = 0;
  readonly #largest: number;

  constructor(largest: number) {
    this.#largest = largest;
  }

  read(json: JsonBytes, from: number): number {
    let [end, value] = [from, 0];
    for (let digit = json.digit(end); digit >= 0; digit = json.digit(++end)) value = value * 16 + digit;
    this.value = value;
    return end > from && end - from <= numberDigits && value <= this.#largest ? end : -1;
  }
}

/** Reads numbers that are written as JSON writes them, up to a largest one. */
export class DecimalReader implements FieldReader<number> {
  readonly opening = '';
  readonly closing = '';
  value = 0;
  readonly #largest: number;

  constructor(largest: number) {
    this.#largest = largest;
  }

  read(json: JsonBytes, from: number): number {
    const end = json.decimalsEnd(from);
    this.value = json.decimal(from, end);
    const isWritten = end === from + 1 || (end > from && end - from <= decimalDigits && !json.isZero(from));
    return isWritten && this.value <= this.#largest ? end : -1;
  }
}

/** Reads texts of hex in lower case; what is the same as in the log before, as most is, need not be read again. */
export class TextReader implements FieldReader<string> {
  readonly opening = '"0x';
  readonly closing = '"';
  value = '';
  readonly #digits: number | null;
  /** Where its digits stand; -1 before anything was read. */
  #at = -1;

  /** Takes how many digits there must be; null: as many as there are. */
  constructor(digits: number | null) {
    this.#digits = digits;
  }

  read(json: JsonBytes, from: number): number {
    const digits = this.#digits;
    if (digits === null) return this.#readAny(json, from);
    const end = from + digits;
    if (this.#at < 0 || !json.repeats(from, this.#at, digits)) {
      if (!json.areDigits(from, end)) return -1;
      this.value = json.ascii(from - 2, end);
    }
    this.#at = from;
    return end;
  }

  #readAny(json: JsonBytes, from: number): number {
    // Most are as long as the one before: then no search has to begin.
    let end = from + Math.max(0, this.value.length - 2);
    if (!json.isQuote(end) || !json.areDigits(from, end)) {
      end = json.textEnd(from);
      if (!json.areDigits(from, end)) return -1;
    }
    this.value = json.ascii(from - 2, end);
    return end;
  }
}

const nextTopic = new Literal('","0x');

/** Reads the topics of logs: the first is often the same as in the log before, the others as in one of late. */
export class TopicsReader implements FieldReader<string[]> {
  readonly opening = '["0x';
  readonly closing = '"]';
  value: string[] = [];
  readonly #first = new TextReader(wordDigits);
  readonly #others = new WordMemo();
  readonly #read: string[] = [];

  read(json: JsonBytes, from: number): number {
    let end = this.#first.read(json, from);
    const read = this.#read;
    read[0] = this.#first.value;
    let count = 1;
    while (end >= 0 && json.holds(end, nextTopic)) {
      const next = end + nextTopic.length;
      end = next + wordDigits;
      const topic = this.#others.read(json, next);
      if (topic === null) return -1;
      read[count++] = topic;
    }
    // An array that grows takes room for many more.
    this.value = read.slice(0, count);
    return end;
  }
}

/** Reads words of hex in lower case, many of which come again: what was read lately is not read, and made, anew. */
class WordMemo {
  /** Where the digits of a text stand; -1 where there is none yet. */
  readonly #at = new Int32Array(places).fill(-1);
  readonly #texts = new Array<string>(places).fill('');

  /** Reads the word whose digits begin at a place; null where it is none. */
  read(json: JsonBytes, from: number): string | null {
    const place = json.hash(from + wordDigits) >>> (32 - placeBits);
    const at = this.#at[place] as number;
    if (at >= 0 && json.repeats(from, at, wordDigits)) return this.#texts[place] as string;
    if (!json.areDigits(from, from + wordDigits)) return null;
    const text = json.ascii(from - 2, from + wordDigits);
    this.#at[place] = from;
    this.#texts[place] = text;
    return text;
  }
}
