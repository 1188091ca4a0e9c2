/** So many blocks nodes behind one URL are behind each other every now and then. */
const usualLag = 2;

/** Says whether a head is so far below the last block that was read that it tells nothing of where the chain is. */
export function isLowHead(head: number, last: number): boolean {
  return last - head > usualLag;
}
