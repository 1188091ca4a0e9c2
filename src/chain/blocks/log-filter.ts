import type { RawLog } from '../../model/event.js';
import type { Alternatives, LogFilter } from '../../model/log-filter.js';

/** Returns a filter with its hex in lower case, as nodes compare it. */
export function toLogFilter(filter: LogFilter): LogFilter {
  return {
    addresses: lower(filter.addresses),
    topics: lower(filter.topics),
    ...(filter.indexed === undefined ? {} : { indexed: filter.indexed.map(lower) }),
    ...(filter.or === undefined ? {} : { or: filter.or.map(toLogFilter) }),
  };
}

function lower(items: Alternatives): Alternatives {
  return items && items.map((item) => item.toLowerCase());
}

/** Returns the filters of which each can be asked for in one request; together they match the same. */
export function partsOf({ or = [], ...first }: LogFilter): readonly LogFilter[] {
  return [first, ...or.flatMap(partsOf)];
}

/** Returns the filter without its addresses: of whichever contract. */
export function ofAnyContract(filter: LogFilter): LogFilter {
  const [first, ...or] = partsOf(filter).map((part): LogFilter => ({ ...part, addresses: null }));
  return { ...(first ?? { addresses: null, topics: null }), ...(or.length === 0 ? {} : { or }) };
}

/** Returns the filter's part of the parameters of eth_getLogs. */
export function filterParams({ addresses, topics, indexed = [] }: LogFilter): Record<string, unknown> {
  const places = [topics, ...indexed];
  return {
    ...(addresses === null ? {} : { address: oneOrList(addresses) }),
    ...(places.every((place) => place === null) ? {} : { topics: places.map((place) => place && oneOrList(place)) }),
  };
}

function oneOrList(items: readonly string[]): unknown {
  return items.length === 1 ? items[0] : items;
}

type LogTest = (log: RawLog) => boolean;

/** Returns a test of whether a log passes the filter. */
export function matcherOf(filter: LogFilter): LogTest {
  const [first, ...others] = partsOf(filter).map(matcherOfPart) as [LogTest, ...LogTest[]];
  return others.length === 0 ? first : (log) => first(log) || others.some((matches) => matches(log));
}

function matcherOfPart({ addresses, topics, indexed = [] }: LogFilter): LogTest {
  const wantedAddresses = addresses && new Set(addresses);
  const wantedTopics = topics && new Set(topics);
  const matches: LogTest = ({ address, topics: [topic] }) =>
    (wantedAddresses === null || wantedAddresses.has(address)) &&
    (wantedTopics === null || (topic !== undefined && wantedTopics.has(topic)));
  if (indexed.length === 0) return matches;
  const wanted = indexed.map((place) => place && new Set(place));
  return (log) => matches(log) && wanted.every((place, at) => place === null || place.has(log.topics[at + 1] ?? ''));
}
