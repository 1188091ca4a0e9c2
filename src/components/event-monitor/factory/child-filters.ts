import type { Decoded, LogDecoder } from '../../../chain/abi/decoder.js';
import type { LogFilter } from '../../../model/log-filter.js';
import { matcherOf, ofAnyContract, partsOf } from '../../../chain/blocks/log-filter.js';
import type { RawLog } from '../../../model/event.js';
import type { FactoryLevel } from './levels.js';

const ignored: Decoded = { kind: 'ignored' };

/**
 * Returns a decoder of those logs of another one's that are of some contracts. Announcements that were asked for beside them
 * are none of the events, whoever emitted them.
 */
export function decoderFor(inner: LogDecoder, isOwn: (log: RawLog) => boolean): LogDecoder {
  const filter = ofAnyContract(inner);
  const isWanted = matcherOf(filter);
  return { ...filter, decode: (log) => (isOwn(log) && isWanted(log) ? inner.decode(log) : ignored) };
}

/** Returns the filter of what some contracts emit of what is wanted. */
export function ofContracts(wanted: LogFilter, addresses: readonly string[]): LogFilter {
  const [first, ...or] = partsOf(wanted).map((part): LogFilter => ({ ...part, addresses }));
  return { ...(first ?? { addresses, topics: null }), ...(or.length === 0 ? {} : { or }) };
}

/** Returns the filter of what contracts announce. */
export function ofAnnouncements({ topic }: FactoryLevel, creators: readonly string[]): LogFilter {
  return { addresses: creators, topics: [topic] };
}

/**
 * Returns the filter of new blocks: whatever contract a log is of, for a child may be announced in the same block. Events that
 * are asked for by their first topic alone share a request with the announcements.
 */
export function ofNewBlocks(wanted: LogFilter, levels: readonly FactoryLevel[]): LogFilter {
  const announced = levels.map(({ topic }) => topic);
  const parts = partsOf(ofAnyContract(wanted));
  if (parts.some(({ topics, indexed = [] }) => topics === null && indexed.length === 0))
    return { addresses: null, topics: null };
  const plain = parts.filter(({ indexed = [] }) => indexed.length === 0).flatMap(({ topics }) => topics ?? []);
  const others = parts.filter(({ indexed = [] }) => indexed.length > 0);
  const first: LogFilter = { addresses: null, topics: [...new Set([...plain, ...announced])] };
  return others.length === 0 ? first : { ...first, or: others };
}
