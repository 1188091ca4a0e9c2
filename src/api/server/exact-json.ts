import { randomUUID } from 'node:crypto';

/** Texts, which may hold digits, too, and numbers. */
const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/** Reads JSON whose whole numbers keep every digit: those that JavaScript's would round are bigints. */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // No text begins with what nobody can guess.
  const mark = randomUUID();
  const marked = text.replace(textOrNumber, (found) => (isRounded(found) ? `"${mark}${found}"` : found));
  if (marked === text) return value;
  const read = (_key: string, each: unknown): unknown =>
    typeof each === 'string' && each.startsWith(mark) ? BigInt(each.slice(mark.length)) : each;
  return JSON.parse(marked, read) as unknown;
}

function isRounded(found: string): boolean {
  return /^-?\d{16,}$/.test(found) && !Number.isSafeInteger(Number(found));
}
