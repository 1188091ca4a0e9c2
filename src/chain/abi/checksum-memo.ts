const setCount = 16_384;
/** Entries of one set: an address has a place in one set alone. */
const ways = 4;
const hashedDigits = 8;

/**
 * Remembers the EIP-55 forms of up to 65,536 addresses. It holds 10 MB at most, whatever the addresses are, and addresses
 * that are made to share a place can only push each other out.
 */
export class ChecksumMemo {
  /** Hashes of the digits: what does not match here need not be compared. */
  readonly #tags = new Int32Array(setCount * ways);
  /** Each entry's digits, and behind them its text. */
  readonly #entries = new Array<string | undefined>(2 * setCount * ways).fill(undefined);
  #turn = 0;

  /** Returns what is remembered of 40 digits in lower case; undefined for whatever else. */
  get(digits: string): string | undefined {
    const tag = tagOf(digits);
    const first = placeOf(tag);
    for (let at = first; at < first + ways; at++) {
      if (this.#tags[at] === tag && this.#entries[2 * at] === digits) return this.#entries[2 * at + 1];
    }
    return undefined;
  }

  /** Both must be texts of their own: a slice would keep a whole log's data alive. */
  set(digits: string, text: string): void {
    const tag = tagOf(digits);
    this.#turn = (this.#turn + 1) % ways;
    const at = placeOf(tag) + this.#turn;
    this.#tags[at] = tag;
    this.#entries[2 * at] = digits;
    this.#entries[2 * at + 1] = text;
  }
}

function tagOf(digits: string): number {
  let tag = 0;
  for (let i = digits.length - hashedDigits; i < digits.length; i++)
    tag = Math.imul(tag ^ digits.charCodeAt(i), 0x01000193);
  return tag;
}

function placeOf(tag: number): number {
  return ((tag ^ (tag >>> 15)) & (setCount - 1)) * ways;
}
