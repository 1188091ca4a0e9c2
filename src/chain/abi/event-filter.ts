import type { Alternatives, LogFilter } from '../../model/log-filter.js';
import type { CompiledEvent } from './compile-event.js';
import type { EventConditions } from './compile-where.js';

/**
 * Returns the filter of some addresses' events; null for the events: whatever their logs are. Events that ask for the same
 * topics behind the first share a request, others have one each.
 */
export function toFilter(
  addresses: readonly string[] | null,
  events: ReadonlyMap<CompiledEvent, EventConditions | null> | null,
): LogFilter {
  const parts = new Map<string, LogFilter>();
  for (const [{ topic0 }, conditions] of events ?? []) {
    const own = partOf(addresses, topic0, conditions?.indexed ?? []);
    const key = JSON.stringify([own.indexed, own.topics === null || topic0 === null]);
    parts.set(key, joined(parts.get(key), own));
  }
  const [first, ...or] = [...parts.values()];
  const all = { addresses, topics: null };
  // What asks for every log asks for what all others want.
  if (first === undefined || [first, ...or].some(isAll)) return all;
  return or.length === 0 ? first : { ...first, or };
}

/** The topics of an anonymous event begin with its first indexed argument. */
function partOf(
  addresses: readonly string[] | null,
  topic0: string | null,
  conditions: readonly Alternatives[],
): LogFilter {
  const [topics = null, ...indexed] = topic0 === null ? conditions : [[topic0], ...conditions];
  return { addresses, topics, ...(indexed.length === 0 ? {} : { indexed }) };
}

function joined(before: LogFilter | undefined, own: LogFilter): LogFilter {
  if (before === undefined) return own;
  if (before.topics === null || own.topics === null) return { ...own, topics: null };
  return { ...own, topics: [...new Set([...before.topics, ...own.topics])] };
}

function isAll({ topics, indexed = [] }: LogFilter): boolean {
  return topics === null && indexed.length === 0;
}
