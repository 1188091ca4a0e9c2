import { UsageError } from '../../runtime/errors.js';
import { ChecksumMemo } from './checksum-memo.js';
import { Checksummer } from './checksummer.js';

const addressDigits = /^[0-9a-f]{40}$/;

/** Made when the first address comes: most commands meet none. */
let made: { readonly memo: ChecksumMemo; readonly checksummer: Checksummer } | undefined;

/** Returns an address, in whatever case, in the mixed-case form of EIP-55. */
export function toChecksumAddress(address: string): string {
  const checksummed = checksumDigits(address.slice(2)) ?? checksumDigits(address.slice(2).toLowerCase());
  if (checksummed === undefined) throw new UsageError(`not an address: ${address}`);
  return checksummed;
}

/**
 * Returns the EIP-55 form, with its 0x, of an address given as 40 hex digits in lower case; undefined where it is
 * something else.
 */
export function checksumDigits(digits: string): string | undefined {
  made ??= { memo: new ChecksumMemo(), checksummer: new Checksummer() };
  const known = made.memo.get(digits);
  if (known !== undefined) return known;
  if (!addressDigits.test(digits)) return undefined;
  const text = made.checksummer.checksum(digits);
  // A text of its own: the caller's digits may be a slice that would keep a whole log's data alive.
  made.memo.set(text.slice(2).toLowerCase(), text);
  return text;
}
