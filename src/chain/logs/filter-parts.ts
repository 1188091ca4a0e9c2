import { ChainUnreachableError } from '../../runtime/errors.js';
import { partsOf } from '../blocks/log-filter.js';
import type { Alternatives, LogFilter } from '../blocks/log-filter.js';
import { RpcError } from '../transport/errors/rpc-error.js';

/** A filter as nodes take it: where one finds that it names too many addresses or topics, it is cut up for good. */
export class FilterParts {
  #parts: readonly LogFilter[];

  constructor(filter: LogFilter) {
    this.#parts = partsOf(filter);
  }

  /** Filters that match together what is wanted. */
  get all(): readonly LogFilter[] {
    return this.#parts;
  }

  /** Reads by each part in turn; throws what `read` throws, but for a filter that can be cut up. */
  async readEach<T>(read: (part: LogFilter) => Promise<T>): Promise<T[]> {
    for (;;) {
      const parts = this.#parts;
      try {
        const answers: T[] = [];
        for (const part of parts) answers.push(await read(part));
        return answers;
      } catch (error) {
        // Another request may have cut the filter up in the meantime.
        if (!isFilterTooLong(error) || (parts === this.#parts && !this.#cutUp())) throw error;
      }
    }
  }

  #cutUp(): boolean {
    const halves = this.#parts.map((part) => halvesOf(part));
    if (halves.every((pair) => pair === null)) return false;
    this.#parts = this.#parts.flatMap((part, index) => halves[index] ?? [part]);
    return true;
  }
}

function isFilterTooLong(error: unknown): boolean {
  const cause = error instanceof ChainUnreachableError ? error.cause : undefined;
  return cause instanceof RpcError && cause.class === 'invalid-request' && cause.facts.isOfFilter;
}

/**
 * Returns two filters that match together what one matches: by its addresses, else by the place among its topics with the most
 * alternatives; null where it names one of each at most.
 */
export function halvesOf(filter: LogFilter): readonly [LogFilter, LogFilter] | null {
  const byAddress = halves(filter.addresses);
  if (byAddress !== null)
    return [
      { ...filter, addresses: byAddress[0] },
      { ...filter, addresses: byAddress[1] },
    ];
  const places = [filter.topics, ...(filter.indexed ?? [])];
  const most = places.reduce((longest, items, at) => (countOf(items) > countOf(places[longest]) ? at : longest), 0);
  const byTopic = halves(places[most] ?? null);
  return byTopic && [withPlace(filter, most, byTopic[0]), withPlace(filter, most, byTopic[1])];
}

/** Returns the filter with other alternatives for one of its topics. */
function withPlace(filter: LogFilter, at: number, items: readonly string[]): LogFilter {
  if (at === 0) return { ...filter, topics: items };
  return { ...filter, indexed: (filter.indexed ?? []).with(at - 1, items) };
}

function countOf(items: Alternatives | undefined): number {
  return items?.length ?? 0;
}

function halves(items: Alternatives): readonly [readonly string[], readonly string[]] | null {
  if (items === null || items.length < 2) return null;
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}
