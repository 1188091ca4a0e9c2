import { UsageError } from '../../runtime/errors.js';
import { wordDigits } from './hex.js';
import { keccak256 } from './keccak.js';

const setCount = 16_384;

/** Entries of one set: an address has a place in one set alone. */
const ways = 4;

const hashedDigits = 8;

const addressDigits = 40;
const padding = '0'.repeat(wordDigits - addressDigits);
const firstLetter = 97;
/** From a small letter to its capital. */
const toCapital = -32;
const addressWord = /^0{24}[0-9a-f]{40}$/;

/** Made when the first address comes: most commands meet none, and it is large. */
let memo: ChecksumMemo | undefined;

/** Where digits are hashed, and where the text is made. */
const plain = Buffer.alloc(addressDigits);
const mixed = Buffer.from(`0x${'0'.repeat(addressDigits)}`, 'latin1');

/** Logs of one contract often come in a row. */
let last = { address: '', text: '' };

/** Returns an address, in whatever case, in the mixed-case form of EIP-55. */
export function toChecksumAddress(address: string): string {
  if (address === last.address || address === last.text) return last.text;
  const digits = address.slice(2);
  const text = checksumWord(padding + digits) ?? checksumWord(padding + digits.toLowerCase());
  if (text === undefined) throw new UsageError(`not an address: ${address}`);
  last = { address, text };
  return text;
}

/**
 * Returns the EIP-55 form, with its 0x, of the address in a word that is given as 64 hex digits in lower case; undefined
 * where it holds something else. Of a word that is remembered, not even the zeros are looked at again.
 */
export function checksumWord(word: string): string | undefined {
  memo ??= new ChecksumMemo();
  const known = memo.get(word);
  if (known !== undefined) return known;
  if (!addressWord.test(word)) return undefined;
  const text = checksumOf(word.slice(-addressDigits));
  // A text of its own: the caller's word may be a slice that would keep a whole log's data alive.
  memo.set(Buffer.from(word, 'latin1').toString('latin1'), text);
  return text;
}

/** Returns the EIP-55 form, with its 0x, of 40 hex digits in lower case. */
function checksumOf(digits: string): string {
  plain.write(digits, 0, 'latin1');
  const hash = keccak256(plain);
  for (let i = 0; i < addressDigits; i++) {
    const code = plain[i] ?? 0;
    const byte = hash[i >> 1] ?? 0;
    const isHigh = (i & 1) === 0 ? byte >= 0x80 : (byte & 8) !== 0;
    mixed[2 + i] = isHigh && code >= firstLetter ? code + toCapital : code;
  }
  return mixed.toString('latin1');
}

/**
 * Remembers the EIP-55 forms of up to 65,536 addresses. It holds 11 MB at most, whatever the addresses are, and addresses
 * that are made to share a place can only push each other out.
 */
class ChecksumMemo {
  /** Hashes of the words: what does not match here need not be compared. */
  readonly #tags = new Int32Array(setCount * ways);
  /** Each entry's word, and behind them its text. */
  readonly #entries = new Array<string | undefined>(2 * setCount * ways).fill(undefined);
  #turn = 0;

  /** Returns what is remembered of a word of 64 digits in lower case; undefined for whatever else. */
  get(word: string): string | undefined {
    const tag = tagOf(word);
    const first = placeOf(tag);
    for (let at = first; at < first + ways; at++) {
      if (this.#tags[at] === tag && this.#entries[2 * at] === word) return this.#entries[2 * at + 1];
    }
    return undefined;
  }

  /** Both must be texts of their own: a slice would keep a whole log's data alive. */
  set(word: string, text: string): void {
    const tag = tagOf(word);
    this.#turn = (this.#turn + 1) % ways;
    const at = placeOf(tag) + this.#turn;
    this.#tags[at] = tag;
    this.#entries[2 * at] = word;
    this.#entries[2 * at + 1] = text;
  }
}

function tagOf(word: string): number {
  let tag = 0;
  for (let i = word.length - hashedDigits; i < word.length; i++) tag = Math.imul(tag ^ word.charCodeAt(i), 0x01000193);
  return tag;
}

function placeOf(tag: number): number {
  return ((tag ^ (tag >>> 15)) & (setCount - 1)) * ways;
}
