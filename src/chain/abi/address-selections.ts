import type { ContractAbi } from '../../model/pipeline.js';
import type { CompiledEvent } from './compile-event.js';
import { EventSelection } from './event-selection.js';

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
