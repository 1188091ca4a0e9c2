import { keccak_256 } from 'js-sha3';
import { UsageError } from '../runtime/errors.js';

const generationSize = 32_768;
const addressDigits = /^[0-9a-f]{40}$/;

/**
 * Remembers the answers of the last 32 to 64 thousand addresses: when the younger generation is full, it becomes the
 * older one, whose rarely asked entries are forgotten with it.
 */
class ChecksumMemo {
  #younger = new Map<string, string>();
  #older = new Map<string, string>();

  get(digits: string): string | undefined {
    const found = this.#younger.get(digits);
    if (found !== undefined) return found;
    const old = this.#older.get(digits);
    if (old !== undefined) this.set(old);
    return old;
  }

  set(checksummed: string): void {
    if (this.#younger.size >= generationSize) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    // The key is made anew: the caller's digits may be a slice that would keep a whole log's data alive.
    this.#younger.set(checksummed.toLowerCase().slice(2), checksummed);
  }
}

const memo = new ChecksumMemo();

/** Returns an address, in whatever case, in the mixed-case form of EIP-55. */
export function toChecksumAddress(address: string): string {
  const checksummed = checksumDigits(address.slice(2));
  if (checksummed === undefined) throw new UsageError(`not an address: ${address}`);
  return checksummed;
}

/** Returns the EIP-55 form, with its 0x, of an address given as 40 hex digits; undefined where it is something else. */
export function checksumDigits(digits: string): string | undefined {
  const known = memo.get(digits);
  if (known !== undefined) return known;
  const lower = digits.toLowerCase();
  if (!addressDigits.test(lower)) return undefined;
  const checksummed = applyChecksum(lower);
  memo.set(checksummed);
  return checksummed;
}

function applyChecksum(digits: string): string {
  const hash = keccak_256(digits);
  let text = '0x';
  for (let i = 0; i < 40; i++) {
    const digit = digits.charAt(i);
    text += hash.charAt(i) >= '8' ? digit.toUpperCase() : digit;
  }
  return text;
}
