const setCount = 16_384;
/** Entries of one set: an address has a place in one set alone. */
const ways = 4;
const hashedDigits = 8;

/**
 * Remembers the EIP-55 forms of up to 65,536 addresses. It holds 11 MB at most, whatever the addresses are, and addresses
 * that are made to share a place can only push each other out.
 */
export class ChecksumMemo {
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
