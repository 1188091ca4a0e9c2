import type { RawLog, UndecodedReason } from '../model/event.js';
import type { ContractAbi, EventMonitorConfig } from '../model/pipeline.js';
import { UsageError } from '../runtime/errors.js';
import { toChecksumAddress } from './checksum.js';
import { compileEvent, type CompiledEvent } from './compile-event.js';
import { malformed, type DecodeState } from './decode-word.js';
import { matchEvents } from './event-matcher.js';
import { EventSelection } from './event-selection.js';

/** What a log turns out to be: `ignored` is an event that was not asked for. */
export type Decoded =
  | { readonly kind: 'event'; readonly eventName: string; readonly eventSignature: string; readonly argsJson: string }
  | { readonly kind: 'undecoded'; readonly reason: UndecodedReason }
  | { readonly kind: 'ignored' };

/** Says which logs to ask a node for, and turns them into events. */
export interface LogDecoder {
  /** The first topics to ask for; null: whatever they are. */
  readonly topics: readonly string[] | null;
  /** The contracts to ask for, in lower case; null: any. */
  readonly addresses: readonly string[] | null;
  /** Never throws: a log that can't be decoded is answered as undecoded. */
  decode(log: RawLog): Decoded;
}

/** What a decoder needs to know of an event monitor. */
export type DecoderSpec = Pick<EventMonitorConfig, 'contracts' | 'eventsToMonitor' | 'addressFilters' | 'keepUnknown'>;

const ignored: Decoded = { kind: 'ignored' };
const undecodable: Decoded = { kind: 'undecoded', reason: 'undecodable' };

/** Compiles the ABIs of an event monitor into a decoder; throws a UsageError where they hold none of its events. */
export function createDecoder(spec: DecoderSpec): LogDecoder {
  return new EventDecoder(spec);
}

class EventDecoder implements LogDecoder {
  readonly topics: readonly string[] | null;
  readonly addresses: readonly string[] | null;
  readonly #byAddress: ReadonlyMap<string, EventSelection>;
  readonly #anyAddress: EventSelection | null;
  readonly #wanted: ReadonlySet<CompiledEvent>;
  readonly #filter: ReadonlySet<string> | null;

  constructor({ contracts, eventsToMonitor, addressFilters, keepUnknown }: DecoderSpec) {
    this.#filter = addressFilters.length === 0 ? null : new Set(addressFilters.map(toChecksumAddress));
    const abis = contracts.map((contract) => compileAbi(contract, this.#filter));
    this.#wanted = new Set(matchEvents(abis.flat(), eventsToMonitor));
    if (this.#wanted.size === 0) throw new UsageError('the ABI has none of the events to monitor');
    this.#byAddress = selectByAddress(contracts, abis);
    const general = abis.filter((_, entry) => contracts[entry]?.addresses === null);
    this.#anyAddress = general.length === 0 ? null : new EventSelection(general.flat());
    this.topics = keepUnknown ? null : topicsOf(this.#wanted);
    this.addresses = this.#anyAddress === null ? [...this.#byAddress.keys()] : null;
  }

  decode(log: RawLog): Decoded {
    const selection = this.#byAddress.get(log.address) ?? this.#anyAddress;
    if (selection === null) return ignored;
    const events = selection.select(log.topics);
    if (!hasWholeTopics(log)) return undecodable;
    if (typeof events === 'string') return { kind: 'undecoded', reason: events };
    return hasWholeBytes(log.data) ? this.#decodeAsFirst(events, log) : undecodable;
  }

  /** Decodes a log as the first of the events that it fits. */
  #decodeAsFirst(events: readonly CompiledEvent[], log: RawLog): Decoded {
    for (const event of events) {
      const state: DecodeState = { budget: workLimit(log.data), filterMatched: this.#filter === null };
      const argsJson = tryDecode(event, log, state);
      if (argsJson === undefined) continue;
      if (!state.filterMatched || !this.#wanted.has(event)) return ignored;
      return { kind: 'event', eventName: event.name, eventSignature: event.signature, argsJson };
    }
    return undecodable;
  }
}

function compileAbi({ abi }: ContractAbi, filter: ReadonlySet<string> | null): CompiledEvent[] {
  return abi.filter((fragment) => fragment.type === 'event').map((event) => compileEvent(event, filter));
}

/** An address has the events of every entry that names it, and after them those of the entries for any address. */
function selectByAddress(
  contracts: readonly ContractAbi[],
  abis: readonly (readonly CompiledEvent[])[],
): ReadonlyMap<string, EventSelection> {
  const entriesOf = new Map<string, Set<number>>();
  contracts.forEach(({ addresses }, entry) => {
    for (const address of addresses ?? []) {
      const key = address.toLowerCase();
      entriesOf.set(key, (entriesOf.get(key) ?? new Set()).add(entry));
    }
  });
  const general = [...contracts.keys()].filter((entry) => contracts[entry]?.addresses === null);
  // Ten thousand addresses of one factory share one selection.
  const shared = new Map<string, EventSelection>();
  const selectEntries = (own: ReadonlySet<number>): EventSelection => {
    const key = [...own].join();
    const known = shared.get(key);
    if (known !== undefined) return known;
    const selection = new EventSelection([...own, ...general].flatMap((entry) => abis[entry] ?? []));
    shared.set(key, selection);
    return selection;
  };
  return new Map([...entriesOf].map(([address, own]) => [address, selectEntries(own)]));
}

/** An anonymous event can't be asked for by its topic: then every log must be fetched. */
function topicsOf(wanted: ReadonlySet<CompiledEvent>): readonly string[] | null {
  const topics = new Set<string>();
  for (const { topic0 } of wanted) {
    if (topic0 === null) return null;
    topics.add(topic0);
  }
  return [...topics];
}

/** Undoes nothing when it fails: a decoding that gave up leaves no trace but its state. */
function tryDecode(event: CompiledEvent, log: RawLog, state: DecodeState): string | undefined {
  try {
    return event.decode(log, state);
  } catch (error) {
    // A RangeError is a text longer than the engine holds, or a type nested deeper than its stack.
    if (error === malformed || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Real encoders visit each digit once; a few share regions. Nested sharing could otherwise take exponential time. */
function workLimit(data: string): number {
  return 16 * data.length + 4096;
}

const wholeTopic = /^0x[0-9a-f]{64}$/;

function hasWholeTopics({ topics }: RawLog): boolean {
  for (const topic of topics) if (!wholeTopic.test(topic)) return false;
  return true;
}

const notHex = /[^0-9a-f]/g;

function hasWholeBytes(data: string): boolean {
  notHex.lastIndex = 2;
  return data.length % 2 === 0 && data.startsWith('0x') && !notHex.test(data);
}
