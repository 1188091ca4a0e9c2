import { ChainUnreachableError } from '../../runtime/errors.js';
import type { LogFilter } from '../blocks/log-filter.js';
import { RpcError } from '../transport/errors/rpc-error.js';

/** A filter as nodes take it: where one finds that it names too many addresses or topics, it is cut up for good. */
export class FilterParts {
  #parts: readonly LogFilter[];

  constructor(filter: LogFilter) {
    this.#parts = [filter];
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
  if (!(cause instanceof RpcError) || cause.class !== 'invalid-request') return false;
  return /\b(addresses|topics|request is too large)\b/i.test(cause.message);
}

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
