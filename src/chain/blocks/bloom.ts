import type { RawLog } from '../../model/event.js';
import { keccak256 } from '../abi/keccak.js';
import type { LogFilter } from './log-filter.js';

/** Returns a test of whether a block's bloom filter says that the block may hold a wanted log (Yellow Paper, 4.3.1). */
export function bloomTestOf({ addresses, topics }: LogFilter): (bloom: string | undefined) => boolean {
  const wantedAddresses = addresses?.map(bitsOf);
  const wantedTopics = topics?.map(bitsOf);
  return (text) => {
    const bloom = text === undefined ? null : Buffer.from(text.slice(2), 'hex');
    // Chains that don't compute a bloom filter fill it with zeros or with ones: then it says nothing.
    if (bloom === null || bloom.every((byte) => byte === 0) || bloom.every((byte) => byte === 0xff)) return false;
    return hasAny(bloom, wantedAddresses) && hasAny(bloom, wantedTopics);
  };
}

/** Returns the bloom filter of a block that holds exactly these logs, as 0x-hex (Yellow Paper, 4.3.1). */
export function logsBloomOf(logs: readonly RawLog[]): string {
  const bloom = Buffer.alloc(256);
  const items = new Set(logs.flatMap(({ address, topics }) => [address, ...topics]));
  for (const bit of [...items].flatMap(bitsOf))
    bloom[255 - (bit >> 3)] = (bloom[255 - (bit >> 3)] ?? 0) | (1 << (bit & 7));
  return `0x${bloom.toString('hex')}`;
}

/** The three bits that stand for an address or a topic: the low 11 bits of each of the hash's first three words. */
function bitsOf(hex: string): readonly number[] {
  const hash = keccak256(Buffer.from(hex.slice(2), 'hex'));
  return [0, 2, 4].map((at) => (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & 2047);
}

function hasAny(bloom: Buffer, wanted: readonly (readonly number[])[] | undefined): boolean {
  return wanted?.some((bits) => bits.every((bit) => hasBit(bloom, bit))) ?? true;
}

function hasBit(bloom: Buffer, bit: number): boolean {
  return ((bloom[255 - (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
}
