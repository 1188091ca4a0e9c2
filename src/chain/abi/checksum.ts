import { UsageError } from '../../runtime/errors.js';
import { wordDigits } from '../hex.js';
import { ChecksumMemo } from './checksum-memo.js';
import { Checksummer } from './checksummer.js';

const addressDigits = 40;
const padding = '0'.repeat(wordDigits - addressDigits);
const addressWord = /^0{24}[0-9a-f]{40}$/;

/** Made when the first address comes: most commands meet none. */
let made: { readonly memo: ChecksumMemo; readonly checksummer: Checksummer } | undefined;

/** Logs of one contract often come in a row. */
let last = { address: '', text: '' };

/** Returns an address, in whatever case, in the mixed-case form of EIP-55. */
export function toChecksumAddress(address: string): string {
  if (address === last.address) return last.text;
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
  made ??= { memo: new ChecksumMemo(), checksummer: new Checksummer() };
  const known = made.memo.get(word);
  if (known !== undefined) return known;
  if (!addressWord.test(word)) return undefined;
  const text = made.checksummer.checksum(word.slice(-addressDigits));
  // A text of its own: the caller's word may be a slice that would keep a whole log's data alive.
  made.memo.set(Buffer.from(word, 'latin1').toString('latin1'), text);
  return text;
}
