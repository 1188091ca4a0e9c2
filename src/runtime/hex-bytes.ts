/** Returns the bytes of 0x-hex; of what is none, those before the first character that is no digit. */
export function toBytes(hex: string): Buffer {
  return Buffer.from(hex.slice(2), 'hex');
}

/** Returns bytes as 0x-hex in lower case. */
export function toHex(bytes: Buffer): string {
  return `0x${bytes.toString('hex')}`;
}
