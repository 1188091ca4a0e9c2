import type { RawLog } from '../../model/event.js';

/** Which logs are wanted. Hex is in lower case. */
export interface LogFilter {
  /** null: of any contract. */
  readonly addresses: readonly string[] | null;
  /** Alternatives for the first topic; null: whichever it is, and none. */
  readonly topics: readonly string[] | null;
}

/** Returns a filter with its hex in lower case, as nodes compare it. */
export function toLogFilter(filter: LogFilter): LogFilter {
  const lower = (items: readonly string[] | null): string[] | null => items && items.map((item) => item.toLowerCase());
  return { addresses: lower(filter.addresses), topics: lower(filter.topics) };
}

/** Returns the filter's part of the parameters of eth_getLogs. */
export function filterParams({ addresses, topics }: LogFilter): Record<string, unknown> {
  return {
    ...(addresses === null ? {} : { address: addresses.length === 1 ? addresses[0] : addresses }),
    ...(topics === null ? {} : { topics: [topics.length === 1 ? topics[0] : topics] }),
  };
}

/** Returns a test of whether a log passes the filter. */
export function matcherOf({ addresses, topics }: LogFilter): (log: RawLog) => boolean {
  const wantedAddresses = addresses && new Set(addresses);
  const wantedTopics = topics && new Set(topics);
  return ({ address, topics: [topic] }) =>
    (wantedAddresses === null || wantedAddresses.has(address)) &&
    (wantedTopics === null || (topic !== undefined && wantedTopics.has(topic)));
}
