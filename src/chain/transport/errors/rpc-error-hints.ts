import type { BlockRange } from '../../../model/block.js';
import { retryAfterMs } from '../../../runtime/retry.js';

const number = String.raw`(0x[0-9a-f]+|\d[\d,_]*(?:\.\d+)*)\s?(k\b|m\b)?`;

/** Where a sentence names its limit, the surest place first. */
const capPatterns = [
  String.raw`\d > ${number}`,
  String.raw`max\w*[ "]?(?:allowed )?block[ _]?range["]? ?[=:]? ?${number}`,
  String.raw`max(?:imum)?(?:[^.;\d]|\[[^\]]*\]){0,60}?${number}`,
  String.raw`(?:limit(?:ed)?|restricted|capped|cap)(?:[^.;\d]){0,40}?(?:0\s?-\s?)?${number}`,
  String.raw`(?:up to|at most|no more than|more than|less than|smaller than|greater than|larger than|wider than|over|within|exceeds?|exceeding|below|under|allows?|allowed)(?:[^.;\d]){0,20}?${number}`,
  String.raw`${number}\s?-?(?:blocks?\s)?(?:range|blocks?|max|limit)\b`,
].map((source) => new RegExp(source, 'i'));

/** Returns the limit that an error's text states; undefined where it states none. */
export function capIn(message: string): number | undefined {
  const text = message.slice(0, 2_000);
  for (const pattern of capPatterns) {
    const match = pattern.exec(text);
    const cap = match === null ? Number.NaN : scaled(match[1] ?? '', match[2]);
    if (Number.isSafeInteger(cap) && cap >= 1) return cap;
  }
  return undefined;
}

/** Nobody caps at a part of a block: `10.000` are ten thousand, as half of Europe writes them. `1.500k` is none of them. */
const thousandsWithDots = /^\d{1,3}(?:\.\d{3})+$/;

function scaled(digits: string, unit: string | undefined): number {
  if (unit === undefined && thousandsWithDots.test(digits)) return Number(digits.replace(/\./g, ''));
  const scale = unit === undefined ? 1 : unit.toLowerCase() === 'k' ? 1_000 : 1_000_000;
  return Math.round(Number(digits.replace(/[,_]/g, '')) * scale);
}

const rangePatterns = [
  /\[\s*(0x[0-9a-f]+|\d+)\s*,\s*(0x[0-9a-f]+|\d+)\s*\]/i,
  /(?:try|retry|use|with)[^.]*? range:?\s+(0x[0-9a-f]+|\d+)\s*(?:-|to|\.\.)\s*(0x[0-9a-f]+|\d+)/i,
];

/** Returns the range that a node proposes in its error's text or data; undefined where it proposes none. */
export function suggestionIn(message: string, data?: unknown): BlockRange | undefined {
  const text = message.slice(0, 2_000);
  for (const pattern of rangePatterns) {
    const match = pattern.exec(text);
    const range = match && toRange(match[1], match[2]);
    if (range) return range;
  }
  const { from, to } = fieldsOf(data);
  return toRange(from, to);
}

function toRange(from: unknown, to: unknown): BlockRange | undefined {
  if (typeof from !== 'string' || typeof to !== 'string') return undefined;
  const range = { from: Number(from), to: Number(to) };
  return Number.isSafeInteger(range.from) && Number.isSafeInteger(range.to) && range.from <= range.to
    ? range
    : undefined;
}

/** Returns how long to wait, in milliseconds, as the header `Retry-After`, the error's data or its text says. */
export function retryAfterIn(
  message: string,
  data: unknown,
  header: string | undefined,
  now: number,
): number | undefined {
  const stated = [retryAfterMs(header, now), dataMs(data), textMs(message.slice(0, 2_000))];
  return stated.find((ms) => ms !== undefined && Number.isFinite(ms) && ms > 0);
}

const earliest =
  /\b(?:lowest|earliest|oldest|base|first available|starts? at|begins? at)[^\d;]{0,40}?(0x[0-9a-f]+|\d[\d,_]*)/i;

/** Returns the first block of a node's history as an error's text states it; undefined where it does not. */
export function earliestIn(message: string): number | undefined {
  const block = Number(earliest.exec(message.slice(0, 2_000))?.[1]?.replace(/[,_]/g, ''));
  return Number.isSafeInteger(block) ? block : undefined;
}

const ratePatterns = [
  /(\d[\d,]*)\s?(?:requests?|calls?|req)?\s?\/\s?s(?:ec(?:ond)?)?\b/i,
  /(\d[\d,]*) (?:requests?|calls?|rps)? ?(?:per|a|each) second\b/i,
];

/** Returns how many requests a second an error's text says are allowed; undefined where it does not. */
export function rateIn(message: string): number | undefined {
  const text = message.slice(0, 2_000);
  const match = ratePatterns.map((pattern) => pattern.exec(text)?.[1]).find((digits) => digits !== undefined);
  const rate = Number(match?.replace(/,/g, ''));
  return rate >= 1 ? rate : undefined;
}

function dataMs(data: unknown): number | undefined {
  const seconds = fieldsOf(fieldsOf(data)['rate'])['backoff_seconds'];
  return typeof seconds === 'number' ? seconds * 1_000 : undefined;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function textMs(text: string): number | undefined {
  const stated =
    /(?:retry|try again|wait|available)[^.;\d]{0,30}?((?:\d+(?:\.\d+)?\s?(?:ms|milli\w*|s|sec\w*|m|min\w*|h|hours?)\s?)+)/i;
  const match = stated.exec(text)?.[1];
  if (match === undefined) return undefined;
  const parts = match.matchAll(/(\d+(?:\.\d+)?)\s?(ms|milli|s|m|h)/gi);
  return [...parts].reduce((sum, [, amount, unit = '']) => sum + Number(amount) * unitOf(unit.toLowerCase()), 0);
}

function unitOf(unit: string): number {
  return unitMs[unit === 'milli' ? 'ms' : unit] ?? 0;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
