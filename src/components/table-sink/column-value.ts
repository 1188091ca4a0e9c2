import type { ColumnType } from '../../database/target-dialect.js';
import { jsonText } from '../../model/event-message.js';
import type { JsonValue } from '../../model/event-message.js';

/** Returns a value as a column holds it: as a text, or null; undefined where it can't hold it. */
export type ToColumn = (value: JsonValue) => string | null | undefined;

/** Makes what turns values into those of a column; a text may have so many bytes at most (null: no limit). */
export function toColumnOf(type: ColumnType, mostBytes: number | null): ToColumn {
  switch (type.kind) {
    case 'int32':
    case 'int64':
      return toInt64;
    case 'number':
      return (value) => toNumber(value, type.digits);
    case 'bool':
      return toBool;
    case 'ascii':
    case 'name':
      return (value) => toAscii(value, type.length);
    case 'json':
      return toJson;
    case 'time':
    case 'text':
      return mostBytes === null ? toText : (value) => toBoundedText(value, mostBytes);
  }
}

/** A whole number's digits; undefined where it is none. */
function digitsOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? value : undefined;
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'number' && Number.isInteger(value) ? String(BigInt(value)) : undefined;
}

function toInt64(value: JsonValue): string | undefined {
  const digits = digitsOf(value);
  if (digits === undefined || digits.length <= 18) return digits;
  return digits.length <= 80 && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits) ? digits : undefined;
}

function toNumber(value: JsonValue, most: number): string | undefined {
  const digits = digitsOf(value);
  if (digits === undefined || digits.length <= most) return digits;
  const amount = digits.replace(/^-?0*/, '');
  return amount.length <= most ? `${digits.startsWith('-') ? '-' : ''}${amount || '0'}` : undefined;
}

function toBool(value: JsonValue): string | undefined {
  if (value === true || value === 'true' || value === 1) return '1';
  return value === false || value === 'false' || value === 0 ? '0' : undefined;
}

/** Of an indexed value that its log holds only the hash of, the hash. */
function toAscii(value: JsonValue, length: number): string | undefined {
  const text = isHash(value) ? value.hash : value;
  return typeof text === 'string' && text.length <= length && /^[\x20-\x7e]*$/.test(text) ? text : undefined;
}

/** Tells an indexed value of which the log holds only the hash. */
export function isHash(value: JsonValue): value is { readonly hash: JsonValue } {
  return typeof value === 'object' && value !== null && 'hash' in value;
}

function toText(value: JsonValue): string {
  return typeof value === 'string' ? value : jsonText(value);
}

function toBoundedText(value: JsonValue, mostBytes: number): string | undefined {
  const text = toText(value);
  return text.length * 3 <= mostBytes || Buffer.byteLength(text) <= mostBytes ? text : undefined;
}

/** Half of a pair of surrogates, which some databases take for no JSON; what is escaped twice is none. */
const loneSurrogate = /\\\\|\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g;

function toJson(value: JsonValue): string {
  const text = jsonText(value);
  return text.includes('\\u') ? text.replace(loneSurrogate, (found) => (found === '\\\\' ? found : '\\ufffd')) : text;
}
