import type { BlockHeader } from '../../model/block.js';
import { bloomTestOf } from '../blocks/bloom.js';
import type { LogFilter } from '../blocks/log-filter.js';

const bits = 2_048;
/** How likely it may be, at most, that other logs have set the bits of a wanted one. */
const doubt = 0.01;

/**
 * Returns a test of whether a header's bloom filter tells, almost surely, that its block holds a wanted log: its bits are set,
 * and so few others that it can hardly be by chance. The filters of crowded blocks tell nothing.
 */
export function bloomTells(filter: LogFilter): (header: BlockHeader) => boolean {
  const mayHold = bloomTestOf(filter);
  return ({ logsBloom }) => mayHold(logsBloom) && chanceOf(filter, density(logsBloom ?? '')) < doubt;
}

/** An item is three bits; any of the alternatives would do. What is not asked for is always there where there are logs. */
function chanceOf({ addresses, topics }: LogFilter, share: number): number {
  if (addresses === null && topics === null) return 0;
  const chances = [addresses, topics].map((items) => (items === null ? 1 : Math.min(1, items.length * share ** 3)));
  return chances.reduce((product, chance) => product * chance);
}

/** The share of bits that are set. */
function density(logsBloom: string): number {
  let set = 0;
  for (const byte of Buffer.from(logsBloom.slice(2), 'hex')) {
    for (let rest = byte; rest > 0; rest &= rest - 1) set++;
  }
  return set / bits;
}
