import { checksumDigits } from './checksum.js';
import { wordDigits } from './abi-type.js';

/** What one decoding of a log carries along. */
export interface DecodeState {
  /** How many hex digits may still be visited: bounds the work of data whose offsets share or nest regions. */
  budget: number;
  /** Whether an address of the filter was met. */
  filterMatched: boolean;
}

/**
 * Reads the value whose head starts at character `at` of 0x-hex `data` as JSON text; offsets count from `base`. Its
 * caller has checked that the whole head lies within the data, and that the data is hex in lower case.
 */
export type DecodeValue = (data: string, at: number, base: number, state: DecodeState) => string;

/** What is thrown where data doesn't fit its type: one object, because a stack for each bad log would be dear. */
export const malformed = new Error('the data does not fit the event');

const zeros = '0'.repeat(wordDigits);
const ones = 'f'.repeat(wordDigits);
/** Twelve digits: 48 bits, which a plain number holds without rounding. */
const smallDigits = 12;
const smallRange = 2 ** 48;
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

/** Reads a word that counts bytes or items or is an offset; a number too large to be one is malformed. */
export function readCount(data: string, at: number): number {
  if (!data.startsWith(bigZeros, at)) throw malformed;
  return readSmall(data, at + bigDigits, smallDigits);
}

/** Makes the reader of an unsigned integer of so many bits. */
export function decodeUint(bits: number): DecodeValue {
  const padding = zeros.slice(bits / 4);
  return (data, at) => {
    if (!data.startsWith(padding, at)) throw malformed;
    if (data.startsWith(bigZeros, at)) return `"${readSmall(data, at + bigDigits, smallDigits)}"`;
    return `"${BigInt('0x' + data.slice(at + padding.length, at + wordDigits)).toString()}"`;
  };
}

/** Makes the reader of a signed integer of so many bits, whose sign must fill the word. */
export function decodeInt(bits: number): DecodeValue {
  const limit = 1n << BigInt(bits - 1);
  const smallLimit = 2 ** (bits - 1);
  return (data, at) => {
    const isNegative = data.startsWith(bigOnes, at);
    if (isNegative || data.startsWith(bigZeros, at)) {
      const value = readSmall(data, at + bigDigits, smallDigits) - (isNegative ? smallRange : 0);
      if (value < -smallLimit || value >= smallLimit) throw malformed;
      return `"${value}"`;
    }
    const value = BigInt.asIntN(256, BigInt('0x' + data.slice(at, at + wordDigits)));
    if (value < -limit || value >= limit) throw malformed;
    return `"${value.toString()}"`;
  };
}

/** Makes the reader of an address, which notes in the state when the address is one of `filter`. */
export function decodeAddress(filter: ReadonlySet<string> | null): DecodeValue {
  const padding = zeros.slice(40);
  return (data, at, _base, state) => {
    if (!data.startsWith(padding, at)) throw malformed;
    const address = checksumDigits(data.slice(at + padding.length, at + wordDigits));
    if (address === undefined) throw malformed;
    if (filter?.has(address) === true) state.filterMatched = true;
    return `"${address}"`;
  };
}

/** Reads a bool. */
export const decodeBool: DecodeValue = (data, at) => {
  const digit = data.charCodeAt(at + wordDigits - 1) - 48;
  if (!data.startsWith(zeros.slice(1), at) || (digit !== 0 && digit !== 1)) throw malformed;
  return digit === 1 ? 'true' : 'false';
};

/** Makes the reader of `size` bytes that stand at the left of their word. */
export function decodeFixedBytes(size: number): DecodeValue {
  const padding = zeros.slice(size * 2);
  return (data, at) => {
    const end = at + size * 2;
    if (!data.startsWith(padding, end)) throw malformed;
    return `"0x${data.slice(at, end)}"`;
  };
}
