import type { RawLog, UndecodedReason } from '../../model/event.js';
import type { ContractAbi } from '../../model/pipeline.js';
import { UsageError } from '../../runtime/errors.js';
import { AddressSelections } from './address-selections.js';
import { toChecksumAddress } from './checksum.js';
import { compileEvent, type CompiledEvent } from './compile-event.js';
import { malformed, type DecodeState } from './decode-word.js';
import { isHexBytes, isHexWord } from './hex.js';

/** What a log turns out to be: `ignored` is an event that was not asked for. */
export type Decoded =
  | { readonly kind: 'event'; readonly eventName: string; readonly eventSignature: string; readonly argsJson: string }
  | { readonly kind: 'undecoded'; readonly reason: UndecodedReason }
  | { readonly kind: 'ignored' };

/** Says which logs to ask a node for, and turns them into events. */
export interface LogDecoder {
  /** The first topics to ask for; null: whatever they are. */
  readonly topics: readonly string[] | null;
  /** The contracts to ask for, in lower case; null: whichever they are. */
  readonly addresses: readonly string[] | null;
  /** Never throws: a log that can't be decoded is answered as undecoded. */
  decode(log: RawLog): Decoded;
}

/** Which events of which contracts a decoder is made for. */
export interface DecoderSpec {
  readonly contracts: readonly ContractAbi[];
  /** Names or full signatures; null: every event of the ABIs. */
  readonly eventsToMonitor: readonly string[] | null;
  /** Keep an event only if one of its address arguments is listed; empty: keep all. */
  readonly addressFilters: readonly string[];
  /** Ask for every log, whatever its topics are. */
  readonly keepUnknown: boolean;
}

const ignored: Decoded = { kind: 'ignored' };
const undecodable = undecoded('undecodable');

/** Compiles ABIs into a decoder; throws a UsageError where they hold none of its events. */
export function createDecoder(spec: DecoderSpec): LogDecoder {
  return new EventDecoder(spec);
}

class EventDecoder implements LogDecoder {
  readonly topics: readonly string[] | null;
  readonly addresses: readonly string[] | null;
  readonly #selections: AddressSelections;
  readonly #wanted: ReadonlySet<CompiledEvent>;
  readonly #filter: ReadonlySet<string> | null;

  constructor({ contracts, eventsToMonitor, addressFilters, keepUnknown }: DecoderSpec) {
    this.#filter = addressFilters.length === 0 ? null : new Set(addressFilters.map(toChecksumAddress));
    const abis = contracts.map((contract) => compileAbi(contract, this.#filter));
    this.#wanted = new Set(matchEvents(abis.flat(), eventsToMonitor));
    if (this.#wanted.size === 0) throw new UsageError('the ABI has none of the events to monitor');
    this.#selections = new AddressSelections(contracts, abis);
    this.topics = keepUnknown ? null : topicsOf(this.#wanted);
    this.addresses = this.#selections.addresses;
  }

  decode(log: RawLog): Decoded {
    const selection = this.#selections.get(log.address);
    if (selection === null) return ignored;
    const events = selection.select(log.topics);
    if (typeof events === 'string') return log.topics.every(isHexWord) ? undecoded(events) : undecodable;
    return isHexBytes(log.data) ? this.#decodeAsFirst(events, log) : undecodable;
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

function undecoded(reason: UndecodedReason): Decoded {
  return { kind: 'undecoded', reason };
}

function compileAbi({ abi }: ContractAbi, filter: ReadonlySet<string> | null): CompiledEvent[] {
  return abi.filter((fragment) => fragment.type === 'event').map((event) => compileEvent(event, filter));
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

function tryDecode(event: CompiledEvent, log: RawLog, state: DecodeState): string | undefined {
  try {
    return event.decode(log, state);
  } catch (error) {
    // A RangeError is a text longer than the engine holds, or a type nested deeper than its stack.
    if (error === malformed || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Encoders visit each digit once, and a few share regions; data made to share them deeply could take for ever. */
function workLimit(data: string): number {
  return 16 * data.length + 4096;
}

/** Returns those of the events that are asked for, by name or by full signature; all where `wanted` is null or empty. */
function matchEvents(events: readonly CompiledEvent[], wanted: readonly string[] | null): readonly CompiledEvent[] {
  if (wanted === null || wanted.length === 0) return events;
  const names = new Set(wanted);
  return events.filter((event) => names.has(event.name) || names.has(event.signature));
}
