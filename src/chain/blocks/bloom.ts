import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { blocksOf } from './blocks-of.js';
import { keccak256 } from '../abi/keccak.js';
import { matcherOf, partsOf } from './log-filter.js';
import type { LogFilter } from '../../model/log-filter.js';
import { toBytes, toHex } from '../../runtime/hex-bytes.js';

const bitCount = 2_048;
/** How likely it may be, at most, that other logs have set the bits of a wanted one. */
const doubt = 0.01;

/** Knows of which headers a bloom filter may be believed. */
interface Excluding {
  readonly mayExclude: (header: BlockHeader) => boolean;
}

interface Tests {
  readonly isWanted: (log: RawLog) => boolean;
  readonly mayHold: (bloom: string | undefined) => boolean;
}

/** Filters are made once for a run, and their bits in a bloom filter cost a hash each. */
const testsOf = new WeakMap<LogFilter, Tests>();

/** Returns a test of whether a block's bloom filter says that the block may hold a wanted log (Yellow Paper, 4.3.1). */
export function bloomTestOf(filter: LogFilter): (bloom: string | undefined) => boolean {
  const parts = partsOf(filter).map((part) => itemsOf(part).map((items) => items.map(bitsOf)));
  return (text) => {
    const bloom = text === undefined ? null : read(text);
    return bloom !== null && parts.some((places) => places.every((wanted) => hasAny(bloom, wanted)));
  };
}

/** The bloom filter that was read last: thousands of pipelines look at that of the same block, one after the other. */
let latest: { readonly text: string; readonly bloom: Buffer | null } = { text: '', bloom: null };

/** Returns null where it says nothing. */
function read(text: string): Buffer | null {
  if (latest.text === text) return latest.bloom;
  const bytes = toBytes(text);
  // Chains that don't compute a bloom filter fill it with zeros or with ones.
  const isNone = bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff);
  latest = { text, bloom: isNone ? null : bytes };
  return latest.bloom;
}

/** Returns the alternatives for each item of a log that a filter asks for. */
function itemsOf({ addresses, topics, indexed = [] }: LogFilter): readonly (readonly string[])[] {
  return [addresses, topics, ...indexed].filter((items) => items !== null);
}

/** Returns the bloom filter of a block that holds exactly these logs, as 0x-hex (Yellow Paper, 4.3.1). */
export function logsBloomOf(logs: readonly RawLog[]): string {
  const bloom = Buffer.alloc(256);
  const items = new Set(logs.flatMap(({ address, topics }) => [address, ...topics]));
  for (const bit of [...items].flatMap(bitsOf))
    bloom[255 - (bit >> 3)] = (bloom[255 - (bit >> 3)] ?? 0) | (1 << (bit & 7));
  return toHex(bloom);
}

/** Returns a test of whether a header rules out, beyond doubt, that its block holds a wanted log. */
export function bloomExcludes(filter: LogFilter, proofs: Excluding): (header: BlockHeader) => boolean {
  const { mayHold } = memoised(filter);
  return (header) => !mayHold(header.logsBloom) && proofs.mayExclude(header);
}

/**
 * Returns a test of whether a header's bloom filter tells, almost surely, that its block holds a wanted log: its bits are set,
 * and so few others that it can hardly be by chance. The filters of crowded blocks tell nothing.
 */
export function bloomTells(filter: LogFilter): (header: BlockHeader) => boolean {
  const { mayHold } = memoised(filter);
  return ({ logsBloom }) => mayHold(logsBloom) && chanceOf(filter, density(logsBloom ?? '')) < doubt;
}

/**
 * Returns the blocks of which an answer holds nothing for one of the filters by which it was asked for, though their
 * bloom filters tell of something: each filter has a request of its own, and another node may have answered it.
 */
export function doubtfulBlocks(
  headers: readonly BlockHeader[],
  logs: readonly RawLog[],
  filters: readonly LogFilter[],
): readonly BlockHeader[] {
  const checks = filters.map((filter) => {
    const { isWanted, mayHold } = memoised(filter);
    const found = filters.length === 1 ? logs : logs.filter(isWanted);
    return { told: new Set(blocksOf(found)), mayHold };
  });
  return headers.filter(({ number, logsBloom }) =>
    checks.some(({ told, mayHold }) => !told.has(number) && mayHold(logsBloom)),
  );
}

function memoised(filter: LogFilter): Tests {
  const known = testsOf.get(filter);
  if (known !== undefined) return known;
  const tests = { isWanted: matcherOf(filter), mayHold: bloomTestOf(filter) };
  testsOf.set(filter, tests);
  return tests;
}

/** The three bits that stand for an address or a topic: the low 11 bits of each of the hash's first three words. */
function bitsOf(hex: string): readonly number[] {
  const hash = keccak256(toBytes(hex));
  return [0, 2, 4].map((at) => (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & 2047);
}

function hasAny(bloom: Buffer, wanted: readonly (readonly number[])[]): boolean {
  return wanted.some((bits) => bits.every((bit) => hasBit(bloom, bit)));
}

function hasBit(bloom: Buffer, bit: number): boolean {
  return ((bloom[255 - (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
}

/** An item is three bits; any of the alternatives would do. What is not asked for is always there where there are logs. */
function chanceOf(filter: LogFilter, share: number): number {
  const chances = partsOf(filter).map((part) => {
    const items = itemsOf(part);
    if (items.length === 0) return 0;
    return items.reduce((product, { length }) => product * Math.min(1, length * share ** 3), 1);
  });
  return Math.max(...chances);
}

/** The share of bits that are set. */
function density(logsBloom: string): number {
  let set = 0;
  for (const byte of toBytes(logsBloom)) {
    for (let rest = byte; rest > 0; rest &= rest - 1) set++;
  }
  return set / bitCount;
}
