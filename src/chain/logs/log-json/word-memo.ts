import { wordDigits } from '../../abi/hex.js';
import type { JsonBytes } from './json-bytes.js';

/** Bits of a place: a few hundred addresses have a part in most of what happens in a contract. */
const placeBits = 10;
const places = 2 ** placeBits;

/** Reads words of hex in lower case, many of which come again: what was read lately is not read, and made, anew. */
export class WordMemo {
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
