import { isUtf8 } from 'node:buffer';
import { wordDigits } from './hex.js';
import { asRead, malformed, readCount, type DecodeState, type ValueReader } from './decode-word.js';

/** Takes hex digits off the budget. */
export function spend(digits: number, state: DecodeState): void {
  state.budget -= digits;
  if (state.budget < 0) throw malformed;
}

/** Checks that so many hex digits from `at` are within the data, and takes them off the budget. */
export function claim(data: string, at: number, digits: number, state: DecodeState): void {
  if (at + digits > data.length) throw malformed;
  spend(digits, state);
}

/** Follows the offset at `at`: returns where it leads, which may be outside of the data. */
export function follow(data: string, at: number, base: number): number {
  return base + readCount(data, at) * 2;
}

/** Returns the content's hex digits. The padding behind it may lack or be dirty: some contracts don't pad. */
function readContent(data: string, at: number, base: number, state: DecodeState): string {
  const place = follow(data, at, base);
  claim(data, place, wordDigits, state);
  const start = place + wordDigits;
  const digits = readCount(data, place) * 2;
  claim(data, start, digits, state);
  return data.slice(start, start + digits);
}

/** Reads `bytes`. */
export const bytesReader: ValueReader = { open: '"0x', decode: readContent, close: '"' };

/** Reads a string; one that is not UTF-8 becomes `{"hex":"0x…"}`. */
export const stringReader: ValueReader = asRead((data, at, base, state) => {
  const digits = readContent(data, at, base, state);
  const bytes = Buffer.from(digits, 'hex');
  return isUtf8(bytes) ? JSON.stringify(bytes.toString('utf8')) : `{"hex":"0x${digits}"}`;
});
