const highest = 0x80808080 | 0;

/**
 * Says whether each of four bytes, read as one number, is a hex digit in lower case: sums whose highest bit tells that a byte
 * is at least so much.
 */
export function areFourHexDigits(bytes: number): boolean {
  const decimals = (bytes + 0x50505050) & ~(bytes + 0x46464646);
  const letters = (bytes + 0x1f1f1f1f) & ~(bytes + 0x19191919);
  // A byte that is no ASCII would carry into the next.
  return (bytes & highest) === 0 && ((decimals | letters) & highest) === highest;
}
