import type { JsonValue } from '../../model/event-message.js';
import { decimalText, parseDecimal, roundedTo, shiftedDown, wholePart, type Decimal } from './decimal.js';
import { pythonText } from './python-text.js';
import type { Fields } from '../seam/field-path.js';

/** The instants that years of four digits can tell, in seconds since the Unix epoch. */
const [earliest, latest] = [-62_135_596_800n, 253_402_300_799n];

const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d{1,6})?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** Changes a value that is there; `fields` are those of the event. */
export type Transformer = (value: JsonValue, fields: Fields) => JsonValue;

/** What an amount has behind its point where nothing says otherwise. */
const usualDecimals = 18;

/** Beyond what a uint8 says, decimals are none. */
const mostDecimals = 255;

const named: Readonly<Record<string, Transformer>> = {
  to_string: pythonText,
  to_int: (value) => exactInteger(wholePart(numberIn(value) ?? { digits: 0n, scale: 0 })),
  to_float: (value) => Number(decimalText(numberIn(value) ?? { digits: 0n, scale: 0 })),
  to_bool: toBool,
  to_lowercase: (value) => pythonText(value).toLowerCase(),
  to_uppercase: (value) => pythonText(value).toUpperCase(),
  trim: (value) => pythonText(value).trim(),
  format_address: formatAddress,
  format_amount: (value) =>
    changed(value, numberIn(value), (amount) => roundedTo(shiftedDown(amount, usualDecimals), 6)),
  format_timestamp: formatTimestamp,
  timestamp_to_date: timestampToDate,
  decimal_normalize: normalized(usualDecimals),
  decimal_normalize_with_field: normalizedWithField,
  wei_to_ether: normalized(usualDecimals),
  hex_to_decimal: (value) =>
    typeof value === 'string' && /^0x[0-9a-f]{1,1000}$/i.test(value) ? String(BigInt(value)) : pythonText(value),
};

/** The names of all transformers. */
export const transformerNames: readonly string[] = Object.keys(named);

/** Returns the transformer of a name, `decimal_normalize(6)` included; undefined where there is none. */
export function findTransformer(name: string): Transformer | undefined {
  const [, decimals] = /^decimal_normalize\((\d{1,3})\)$/.exec(name) ?? [];
  if (decimals !== undefined) return Number(decimals) <= mostDecimals ? normalized(Number(decimals)) : undefined;
  return Object.hasOwn(named, name) ? named[name] : undefined;
}

/** A number, or a text that is one; null for everything else. */
function numberIn(value: JsonValue): Decimal | null {
  if (typeof value === 'boolean') return { digits: value ? 1n : 0n, scale: 0 };
  return typeof value === 'object' ? null : parseDecimal(String(value));
}

/** A number, or a text of a whole number: amounts in events are whole, and a text with a point has been divided already. */
function amountIn(value: JsonValue): Decimal | null {
  return typeof value === 'string' && !/^\s*[+-]?\d+\s*$/.test(value) ? null : numberIn(value);
}

function changed(value: JsonValue, amount: Decimal | null, change: (amount: Decimal) => Decimal): string {
  return amount === null ? pythonText(value) : decimalText(change(amount));
}

function normalized(decimals: number): Transformer {
  return (value) => changed(value, amountIn(value), (amount) => shiftedDown(amount, decimals));
}

function normalizedWithField(value: JsonValue, fields: Fields): JsonValue {
  const field = fields.has('decimals') ? fields.get('decimals') : usualDecimals;
  const isNumber = typeof field === 'number' || typeof field === 'bigint' || typeof field === 'string';
  const decimals = isNumber && /^\s*\d{1,3}\s*$/.test(String(field)) ? Number(field) : Infinity;
  return decimals <= mostDecimals ? normalized(decimals)(value, fields) : pythonText(value);
}

/** A JSON number of any size: beyond 2^53 a number of JavaScript would round. */
function exactInteger(value: bigint): JsonValue {
  return BigInt(Number.MIN_SAFE_INTEGER) <= value && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function toBool(value: JsonValue): boolean {
  if (typeof value === 'string') return ['true', '1', 'yes', 'on'].includes(value.toLowerCase());
  return typeof value !== 'object' && Boolean(value);
}

function formatAddress(value: JsonValue): string {
  if (value === null || value === '' || value === 0 || value === 0n || value === false) return '';
  const text = pythonText(value).trim();
  return text.startsWith('0x') ? text.toLowerCase() : text;
}

/** Writes a number of seconds since the Unix epoch as `YYYY-MM-DD HH:MM:SS` in UTC; null where no such day exists. */
function secondsText(value: number | bigint | boolean): string | null {
  const decimal = parseDecimal(String(Number(value)));
  if (decimal === null) return null;
  const floored = wholePart(decimal);
  if (floored < earliest || floored > latest) return null;
  return new Date(Number(floored) * 1_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** Writes a number of seconds, or a text of ISO 8601 as it stands there, as `YYYY-MM-DD HH:MM:SS`; leaves others as text. */
function formatTimestamp(value: JsonValue): string {
  if (typeof value === 'string') return isoText(value) ?? value;
  return isCount(value) ? (secondsText(value) ?? pythonText(value)) : pythonText(value);
}

/** Writes seconds since the Unix epoch, as a number or as digits, as `YYYY-MM-DD HH:MM:SS`; leaves others as text. */
function timestampToDate(value: JsonValue): string {
  const seconds = typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
  return isCount(seconds) ? (secondsText(seconds) ?? pythonText(value)) : pythonText(value);
}

function isCount(value: JsonValue): value is number | bigint | boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}

function isoText(text: string): string | null {
  const [, day, minute = '00:00', second = ':00'] = iso.exec(text) ?? [];
  if (day === undefined || Number.isNaN(Date.parse(`${day}T${minute}${second}Z`))) return null;
  return `${day} ${minute}${second}`;
}
