import { isAscii } from 'node:buffer';

/**
 * Returns the text of a whole answer in UTF-8. Nearly all are ASCII, which is copied as it is, in a fraction of the time,
 * and into memory that the collection of short-lived garbage does not visit.
 */
export function answerText(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}
