import { chunks } from '../../runtime/chunks.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { AddressCap } from '../blocks/chain-client.js';
import { partsOf } from '../blocks/log-filter.js';
import type { Alternatives, LogFilter } from '../../model/log-filter.js';
import { RpcError } from '../transport/errors/rpc-error.js';

/** How many parts are asked for at a time. */
const together = 4;

/**
 * A filter as nodes take it: where one finds that it names too many addresses or topics, it is cut up for good. What is learned of
 * addresses counts for every filter of the chain.
 */
export class FilterParts {
  readonly #cap: AddressCap;
  /** Of all addresses each. */
  #byTopics: readonly LogFilter[];
  #parts: readonly LogFilter[];
  /** The cap that they keep to. */
  #keptTo: number;

  constructor(filter: LogFilter, cap: AddressCap) {
    this.#cap = cap;
    this.#byTopics = partsOf(filter);
    this.#keptTo = cap.most;
    this.#parts = this.#byTopics.flatMap((part) => cutAddresses(part, cap.most));
  }

  /** Filters that match together what is wanted. */
  get all(): readonly LogFilter[] {
    if (this.#keptTo !== this.#cap.most) this.#build();
    return this.#parts;
  }

  /** The same of whichever contract; null where the addresses need no request more. */
  get ofAnyContract(): readonly LogFilter[] | null {
    if (this.all.length === this.#byTopics.length) return null;
    return this.#byTopics.map((part) => ({ ...part, addresses: null }));
  }

  /** Reads by each part, some at a time; throws what `read` throws, but for a filter that can be cut up. */
  async readEach<T>(read: (part: LogFilter) => Promise<T>): Promise<T[]> {
    for (;;) {
      const parts = this.all;
      try {
        const answers: T[] = [];
        for (const some of chunks(parts, together)) answers.push(...(await Promise.all(some.map(read))));
        return answers;
      } catch (error) {
        // Another request may have cut the filter up in the meantime.
        if (!isFilterTooLong(error) || (parts === this.all && !this.#cutUp())) throw error;
      }
    }
  }

  #build(): void {
    this.#keptTo = this.#cap.most;
    this.#parts = this.#byTopics.flatMap((part) => cutAddresses(part, this.#keptTo));
  }

  #cutUp(): boolean {
    const longest = Math.max(...this.#parts.map(({ addresses }) => addresses?.length ?? 0));
    if (longest > 1) this.#cap.most = Math.ceil(longest / 2);
    else {
      const halves = this.#byTopics.map((part) => halvesByTopic(part));
      if (halves.every((pair) => pair === null)) return false;
      this.#byTopics = this.#byTopics.flatMap((part, index) => halves[index] ?? [part]);
    }
    this.#build();
    return true;
  }
}

/** Returns filters of so many addresses at most. */
function cutAddresses(filter: LogFilter, most: number): readonly LogFilter[] {
  const { addresses } = filter;
  if (addresses === null || addresses.length <= most) return [filter];
  const count = Math.ceil(addresses.length / most);
  const size = Math.ceil(addresses.length / count);
  return chunks(addresses, size).map((some) => ({ ...filter, addresses: some }));
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
  return halvesByTopic(filter);
}

function halvesByTopic(filter: LogFilter): readonly [LogFilter, LogFilter] | null {
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
