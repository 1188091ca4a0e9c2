import type { ContractAbi } from '../../model/pipeline.js';
import type { CompiledEvent } from './compile-event.js';
import type { UndecodedReason } from '../../model/event.js';

/**
 * The events of each address: those of every entry that names it and, after them, those of the entries for any
 * address.
 */
export class AddressSelections {
  /** The addresses that are named, in lower case; null where an entry is for any. */
  readonly addresses: readonly string[] | null;
  readonly #byAddress: ReadonlyMap<string, EventSelection>;
  readonly #anyAddress: EventSelection | null;
  /** Logs of one contract often come in a row. */
  #lastAddress: string | undefined;
  #lastSelection: EventSelection | null = null;

  /** Takes entries and, in the same order, their events. */
  constructor(contracts: readonly ContractAbi[], abis: readonly (readonly CompiledEvent[])[]) {
    const general = abis.filter((_, entry) => contracts[entry]?.addresses === null).flat();
    this.#byAddress = selectByAddress(entriesByAddress(contracts), abis, general);
    this.#anyAddress = general.length === 0 ? null : new EventSelection(general);
    this.addresses = this.#anyAddress === null ? [...this.#byAddress.keys()] : null;
  }

  /** Returns the events of an address in lower case; null where its logs are not asked for. */
  get(address: string): EventSelection | null {
    if (this.#byAddress.size === 0) return this.#anyAddress;
    if (address === this.#lastAddress) return this.#lastSelection;
    this.#lastAddress = address;
    this.#lastSelection = this.#byAddress.get(address) ?? this.#anyAddress;
    return this.#lastSelection;
  }
}

function entriesByAddress(contracts: readonly ContractAbi[]): ReadonlyMap<string, ReadonlySet<number>> {
  const entries = new Map<string, Set<number>>();
  contracts.forEach(({ addresses }, entry) => {
    for (const address of addresses ?? []) {
      const key = address.toLowerCase();
      entries.set(key, (entries.get(key) ?? new Set()).add(entry));
    }
  });
  return entries;
}

function selectByAddress(
  entriesOf: ReadonlyMap<string, ReadonlySet<number>>,
  abis: readonly (readonly CompiledEvent[])[],
  general: readonly CompiledEvent[],
): ReadonlyMap<string, EventSelection> {
  // Ten thousand addresses of one factory share one selection.
  const shared = new Map<string, EventSelection>();
  const select = (entries: ReadonlySet<number>): EventSelection => {
    const key = [...entries].join();
    const known = shared.get(key);
    if (known !== undefined) return known;
    const own = [...entries].flatMap((entry) => abis[entry] ?? []);
    const selection = new EventSelection([...own, ...general]);
    shared.set(key, selection);
    return selection;
  };
  return new Map([...entriesOf].map(([address, entries]) => [address, select(entries)]));
}

/** The events of one ABI, or of several that apply to the same address, by what a log says about its event. */
class EventSelection {
  readonly #byTopic = new Map<string, CompiledEvent[][]>();
  readonly #anonymous: CompiledEvent[][] = [];
  #lastTopic: string | undefined;
  #lastNamed: readonly CompiledEvent[][] | undefined;

  constructor(events: readonly CompiledEvent[]) {
    for (const event of events) (this.#group(event.topic0)[event.indexedCount] ??= []).push(event);
  }

  /**
   * Returns the events that a log with these topics may be, first choice first, or why there is none: those whose
   * first topic and indexed count fit, and only where no first topic fits the anonymous ones whose indexed count does.
   */
  select(topics: readonly string[]): readonly CompiledEvent[] | UndecodedReason {
    const topic0 = topics[0];
    const named = topic0 === undefined ? undefined : this.#named(topic0);
    if (named !== undefined) return named[topics.length - 1] ?? 'indexed_mismatch';
    const anonymous = this.#anonymous[topics.length];
    if (anonymous !== undefined) return anonymous;
    if (topic0 === undefined) return 'no_topics';
    return this.#anonymous.length > 0 ? 'indexed_mismatch' : 'unknown_event';
  }

  /** Most logs are of the same event as the one before: to compare its topic is ten times as fast as to look it up. */
  #named(topic0: string): readonly CompiledEvent[][] | undefined {
    if (topic0 === this.#lastTopic) return this.#lastNamed;
    const named = this.#byTopic.get(topic0);
    if (named === undefined) return undefined;
    this.#lastTopic = topic0;
    this.#lastNamed = named;
    return named;
  }

  #group(topic0: string | null): CompiledEvent[][] {
    if (topic0 === null) return this.#anonymous;
    const group = this.#byTopic.get(topic0) ?? [];
    this.#byTopic.set(topic0, group);
    return group;
  }
}
