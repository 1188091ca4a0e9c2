import { checksumWord } from './checksum.js';
import { wordDigits } from './hex.js';

/** What one decoding of a log carries along. */
export interface DecodeState {
  /** How many hex digits may still be visited: bounds the work of data whose offsets share or nest regions. */
  budget: number;
  /** Whether an address of the filter was met. */
  filterMatched: boolean;
}

/**
 * Reads the value whose head starts at character `at` of 0x-hex `data` as text; offsets count from `base`. Its caller
 * has checked that the whole head lies within the data, and that the data is hex in lower case.
 */
export type DecodeValue = (data: string, at: number, base: number, state: DecodeState) => string;

/**
 * How values of a type become JSON: what is read, between what is the same for all of them. Whoever writes several
 * values joins what stands between two of them beforehand: each piece less makes a log cheaper.
 */
export interface ValueReader {
  readonly open: string;
  readonly decode: DecodeValue;
  readonly close: string;
}

/** What is thrown where data doesn't fit its type: one object, because a stack for each bad log would be dear. */
export const malformed = new Error('the data does not fit the event');

/** The reader of values whose text is the whole of their JSON. */
export function asRead(decode: DecodeValue): ValueReader {
  return { open: '', decode, close: '' };
}

function inQuotes(decode: DecodeValue): ValueReader {
  return { open: '"', decode, close: '"' };
}

const zeros = '0'.repeat(wordDigits);
const boolZeros = zeros.slice(1);
const ones = 'f'.repeat(wordDigits);
/** Twelve digits: 48 bits, which a plain number holds without rounding. */
const smallDigits = 12;
const smallRange = 2 ** 48;
/** The code of 8, the least of the digits whose first bit is the sign of a negative number. */
const firstNegative = 56;
const bigDigits = wordDigits - smallDigits;
const bigZeros = zeros.slice(0, bigDigits);
const bigOnes = ones.slice(0, bigDigits);

/** Reads `count` hex digits, 12 at most, as a number. */
function readSmall(data: string, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const code = data.charCodeAt(i);
    value = value * 16 + (code & 15) + (code >> 6) * 9;
  }
  return value;
}

/** Says whether a text stands at `at`: twice as fast as startsWith, which compares one character after the other. */
function holds(data: string, at: number, text: string): boolean {
  return data.slice(at, at + text.length) === text;
}

/** Reads a word that counts bytes or items or is an offset; a number too large to be one is malformed. */
export function readCount(data: string, at: number): number {
  if (!holds(data, at, bigZeros)) throw malformed;
  return readSmall(data, at + bigDigits, smallDigits);
}

/** Makes the reader of an unsigned integer of so many bits. */
export function uintReader(bits: number): ValueReader {
  const digits = bits / 4;
  const start = wordDigits - digits;
  const padding = zeros.slice(digits);
  return inQuotes((data, at) => {
    if (!holds(data, at, padding)) throw malformed;
    if (digits <= smallDigits) return String(readSmall(data, at + start, digits));
    if (holds(data, at, bigZeros)) return String(readSmall(data, at + bigDigits, smallDigits));
    return BigInt('0x' + data.slice(at + start, at + wordDigits)).toString();
  });
}

/** Makes the reader of a signed integer of so many bits, whose sign must fill the word. */
export function intReader(bits: number): ValueReader {
  const digits = bits / 4;
  const start = wordDigits - digits;
  const [plus, minus] = [zeros.slice(digits), ones.slice(digits)];
  const [range, bigRange] = [2 ** bits, 1n << BigInt(bits)];
  return inQuotes((data, at) => {
    const isNegative = data.charCodeAt(at + start) >= firstNegative;
    if (!holds(data, at, isNegative ? minus : plus)) throw malformed;
    if (digits <= smallDigits) return String(readSmall(data, at + start, digits) - (isNegative ? range : 0));
    if (holds(data, at, isNegative ? bigOnes : bigZeros))
      return String(readSmall(data, at + bigDigits, smallDigits) - (isNegative ? smallRange : 0));
    const value = BigInt('0x' + data.slice(at + start, at + wordDigits));
    return (isNegative ? value - bigRange : value).toString();
  });
}

/** Makes the reader of an address, which notes in the state when the address is one of `filter`. */
export function addressReader(filter: ReadonlySet<string> | null): ValueReader {
  return inQuotes((data, at, _base, state) => {
    const address = checksumWord(data.slice(at, at + wordDigits));
    if (address === undefined) throw malformed;
    if (filter?.has(address) === true) state.filterMatched = true;
    return address;
  });
}

/** Reads a bool. */
export const boolReader: ValueReader = asRead((data, at) => {
  const digit = data.charCodeAt(at + wordDigits - 1) - 48;
  if (!holds(data, at, boolZeros) || (digit !== 0 && digit !== 1)) throw malformed;
  return digit === 1 ? 'true' : 'false';
});

/** Makes the reader of `size` bytes that stand at the left of their word. */
export function fixedBytesReader(size: number): ValueReader {
  const padding = zeros.slice(size * 2);
  const decode: DecodeValue = (data, at) => {
    const end = at + size * 2;
    if (!holds(data, end, padding)) throw malformed;
    return data.slice(at, end);
  };
  return { open: '"0x', decode, close: '"' };
}
