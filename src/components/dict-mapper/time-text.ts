import { pythonText } from './python-text.js';
import { parseDecimal, wholePart } from './decimal.js';
import type { JsonValue } from '../../model/event-message.js';

/** The instants that years of four digits can tell, in seconds since the Unix epoch. */
const [earliest, latest] = [-62_135_596_800n, 253_402_300_799n];

const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d{1,6})?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** Writes a number of seconds since the Unix epoch as `YYYY-MM-DD HH:MM:SS` in UTC; null where no such day exists. */
function secondsText(value: number | bigint | boolean): string | null {
  const decimal = parseDecimal(String(Number(value)));
  if (decimal === null) return null;
  const floored = wholePart(decimal);
  if (floored < earliest || floored > latest) return null;
  return new Date(Number(floored) * 1_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** Writes a number of seconds, or a text of ISO 8601 as it stands there, as `YYYY-MM-DD HH:MM:SS`; leaves others as text. */
export function formatTimestamp(value: JsonValue): string {
  if (typeof value === 'string') return isoText(value) ?? value;
  return isCount(value) ? (secondsText(value) ?? pythonText(value)) : pythonText(value);
}

/** Writes seconds since the Unix epoch, as a number or as digits, as `YYYY-MM-DD HH:MM:SS`; leaves others as text. */
export function timestampToDate(value: JsonValue): string {
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
