import type { LogFilter } from './log-filter.js';

/** Returns two filters that match together what one matches: by its addresses, else by its topics; null where it names one of each at most. */
export function halvesOf(filter: LogFilter): readonly [LogFilter, LogFilter] | null {
  const byAddress = halves(filter.addresses);
  if (byAddress !== null)
    return [
      { ...filter, addresses: byAddress[0] },
      { ...filter, addresses: byAddress[1] },
    ];
  const byTopic = halves(filter.topics);
  return (
    byTopic && [
      { ...filter, topics: byTopic[0] },
      { ...filter, topics: byTopic[1] },
    ]
  );
}

function halves(items: readonly string[] | null): readonly [readonly string[], readonly string[]] | null {
  if (items === null || items.length < 2) return null;
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}
