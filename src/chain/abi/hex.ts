/** Hex digits of one 32-byte word. */
export const wordDigits = 64;

// A search for a wrong digit is twice as fast as a match of the right ones, and needs no stack for long data.
const notHex = /[^0-9a-f]/g;

/** Says whether a text is `0x` and hex digits in lower case. */
export function isHexDigits(text: string): boolean {
  notHex.lastIndex = 2;
  return text.startsWith('0x') && !notHex.test(text);
}

/** Says whether a text is `0x` and whole bytes of hex in lower case. */
export function isHexBytes(text: string): boolean {
  return text.length % 2 === 0 && isHexDigits(text);
}

/** Says whether a text is `0x` and the hex digits, in lower case, of a word. */
export function isHexWord(text: string): boolean {
  return text.length === 2 + wordDigits && isHexBytes(text);
}
