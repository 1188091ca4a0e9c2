/** What RLP writes: bytes, or a list of such. */
export type Rlp = Buffer | readonly Rlp[];

/** Writes bytes and lists as RLP (Yellow Paper, appendix B). */
export function encodeRlp(item: Rlp): Buffer {
  if (Buffer.isBuffer(item)) {
    if (item.length === 1 && (item[0] ?? 0) < 0x80) return item;
    return Buffer.concat([prefixOf(item.length, 0x80), item]);
  }
  const items = item.map(encodeRlp);
  const length = items.reduce((sum, { length: bytes }) => sum + bytes, 0);
  return Buffer.concat([prefixOf(length, 0xc0), ...items]);
}

/** Returns a number as RLP wants it: without zeros in front. */
export function rlpNumber(value: number | bigint): Buffer {
  const digits = BigInt(value).toString(16);
  return value === 0 || value === 0n
    ? Buffer.alloc(0)
    : Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
}

function prefixOf(length: number, base: number): Buffer {
  if (length < 56) return Buffer.from([base + length]);
  const bytes = rlpNumber(length);
  return Buffer.from([base + 55 + bytes.length, ...bytes]);
}
