import { UsageError } from '../../runtime/errors.js';
import { wordDigits } from './hex.js';
import { ChecksumMemo } from './checksum-memo.js';
import { keccak256 } from './keccak.js';

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
