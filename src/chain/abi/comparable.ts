import { typeName } from './abi-type.js';
import type { AbiType } from './abi-type.js';
import { toChecksumAddress } from './checksum.js';
import { isHexBytes, wordDigits } from './hex.js';
import { keccakHex } from './keccak.js';

/** A value as an event's arguments show it and as a topic holds it: hex in lower case. */
export interface Comparable {
  readonly shown: string;
  /** Undefined of a type that fits no topic: not even its hash can be told from the value alone. */
  readonly topic: string | undefined;
}

/** Reads a value of a type from its text; undefined where it does not fit. */
export function toComparable(type: AbiType, written: string): Comparable | undefined {
  // Of a string every character counts.
  const text = type.kind === 'string' ? written : written.trim();
  switch (type.kind) {
    case 'uint':
    case 'int':
      return toInteger(text, type);
    case 'address':
      return toAddress(text);
    case 'bool':
      return text === 'true' || text === 'false'
        ? { shown: text, topic: leftPadded(text === 'true' ? '1' : '0') }
        : undefined;
    case 'fixedBytes':
      return toFixedBytes(text, type.size);
    case 'function':
      return toFixedBytes(text, 24);
    case 'bytes':
      return toBytes(text);
    case 'string':
      return { shown: text, topic: keccakHex(text) };
    default:
      return undefined;
  }
}

/** Says what a value of a type must be like; null where values of the type can't be compared. */
export function expectationOf(type: AbiType): string | null {
  switch (type.kind) {
    case 'uint':
    case 'int':
      return `a whole number of ${typeName(type)}`;
    case 'address':
      return 'an address of 0x and 40 hex digits';
    case 'bool':
      return 'true or false';
    case 'fixedBytes':
      return `0x and ${type.size * 2} hex digits`;
    case 'function':
      return '0x and 48 hex digits';
    case 'bytes':
      return '0x and hex digits of whole bytes';
    case 'string':
      return 'a text';
    default:
      return null;
  }
}

function toInteger(text: string, { kind, bits }: { kind: 'uint' | 'int'; bits: number }): Comparable | undefined {
  if (!/^-?(\d+|0x[0-9a-f]+)$/i.test(text) || /^-0x/i.test(text)) return undefined;
  const value = BigInt(text);
  const fits = kind === 'uint' ? BigInt.asUintN(bits, value) === value : BigInt.asIntN(bits, value) === value;
  return fits ? { shown: value.toString(), topic: leftPadded(BigInt.asUintN(256, value).toString(16)) } : undefined;
}

function toAddress(text: string): Comparable | undefined {
  if (!/^0x[0-9a-f]{40}$/i.test(text)) return undefined;
  const lower = text.toLowerCase();
  return { shown: toChecksumAddress(lower), topic: leftPadded(lower.slice(2)) };
}

function toFixedBytes(text: string, size: number): Comparable | undefined {
  const shown = text.toLowerCase();
  const fits = isHexBytes(shown) && shown.length === 2 + 2 * size;
  return fits ? { shown, topic: shown.padEnd(2 + wordDigits, '0') } : undefined;
}

function toBytes(text: string): Comparable | undefined {
  const shown = text.toLowerCase();
  return isHexBytes(shown) ? { shown, topic: keccakHex(Buffer.from(shown.slice(2), 'hex')) } : undefined;
}

function leftPadded(digits: string): string {
  return `0x${digits.padStart(wordDigits, '0')}`;
}
