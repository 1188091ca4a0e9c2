import type { RawLog, UndecodedReason } from '../../model/event.js';
import type { AbiFragment, ContractAbi } from '../../model/pipeline.js';
import { UsageError } from '../../runtime/errors.js';
import type { Alternatives, LogFilter } from '../../model/log-filter.js';
import { AddressSelections } from './address-selections.js';
import { toChecksumAddress } from './checksum.js';
import { compileEvent, sharedEvent, type CompiledEvent } from './compile-event.js';
import { compileWhere, type EventConditions } from './compile-where.js';
import { malformed, type DecodeState } from './decode-word.js';
import { toFilter } from './event-filter.js';
import { isHexBytes, isHexWord } from './hex.js';
import type { Where } from './where.js';

/** What a log turns out to be: `ignored` is an event that was not asked for. */
export type Decoded =
  | { readonly kind: 'event'; readonly eventName: string; readonly eventSignature: string; readonly argsJson: string }
  | { readonly kind: 'undecoded'; readonly reason: UndecodedReason }
  | { readonly kind: 'ignored' };

/** Says which logs to ask a node for, its hex in lower case, and turns them into events. */
export interface LogDecoder extends LogFilter {
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
  /** What must hold of an event's arguments; a log of which that can't be said is ignored. */
  readonly where?: Where;
}

const ignored: Decoded = { kind: 'ignored' };

/** Compiles ABIs into a decoder; throws a UsageError where they hold none of its events. */
export function createDecoder(spec: DecoderSpec): LogDecoder {
  return new EventDecoder(spec);
}

class EventDecoder implements LogDecoder {
  readonly topics: readonly string[] | null;
  readonly addresses: readonly string[] | null;
  readonly indexed?: readonly Alternatives[];
  readonly or?: readonly LogFilter[];
  readonly #selections: AddressSelections;
  /** The wanted events; what must hold of their arguments, where anything must. */
  readonly #wanted: ReadonlyMap<CompiledEvent, EventConditions | null>;
  readonly #addressFilter: ReadonlySet<string> | null;
  readonly #undecoded: 'kept' | 'ignored';
  /** First topics whose logs are not kept where an address has no such event; null: none are, whatever the topic is. */
  readonly #ofOthers: ReadonlySet<string> | null;

  constructor({ contracts, eventsToMonitor, addressFilters, keepUnknown, where }: DecoderSpec) {
    this.#addressFilter = addressFilters.length === 0 ? null : new Set(addressFilters.map(toChecksumAddress));
    const compiled = contracts.map((contract) => compileAbi(contract, this.#addressFilter));
    const abis = compiled.map((abi) => [...abi.keys()]);
    const fragments = new Map(compiled.flatMap((abi) => [...abi]));
    const events = matchEvents([...fragments.keys()], eventsToMonitor);
    if (events.length === 0) throw new UsageError('the ABI has none of the events to monitor');
    this.#wanted = withConditions(events, fragments, where);
    if (this.#wanted.size === 0) throw new UsageError('none of the events to monitor can fit where');
    this.#undecoded = where === undefined ? 'kept' : 'ignored';
    this.#selections = new AddressSelections(contracts, abis);
    this.#ofOthers = keepUnknown ? new Set() : askedTopics(this.#wanted.keys());
    const filter = toFilter(this.#selections.addresses, keepUnknown ? null : this.#wanted);
    this.addresses = filter.addresses;
    this.topics = filter.topics;
    if (filter.indexed !== undefined) this.indexed = filter.indexed;
    if (filter.or !== undefined) this.or = filter.or;
  }

  decode(log: RawLog): Decoded {
    const selection = this.#selections.get(log.address);
    if (selection === null) return ignored;
    const events = selection.select(log.topics);
    if (events === 'unknown_event' && this.#isOfOthers(log)) return ignored;
    if (typeof events === 'string') return this.#undecodedAs(log.topics.every(isHexWord) ? events : 'undecodable');
    return isHexBytes(log.data) ? this.#decodeAsFirst(events, log) : this.#undecodedAs('undecodable');
  }

  /** One request asks for the topics of all addresses: what only others want of them, nobody wants of this one. */
  #isOfOthers({ topics: [topic0] }: RawLog): boolean {
    return this.#ofOthers === null || (topic0 !== undefined && this.#ofOthers.has(topic0));
  }

  /** Decodes a log as the first of the events that it fits. */
  #decodeAsFirst(events: readonly CompiledEvent[], log: RawLog): Decoded {
    for (const event of events) {
      const state: DecodeState = { budget: workLimit(log.data), filterMatched: this.#addressFilter === null };
      const argsJson = tryDecode(event, log, state);
      if (argsJson === undefined) continue;
      const conditions = this.#wanted.get(event);
      if (!state.filterMatched || conditions === undefined) return ignored;
      if (conditions !== null && !conditions.passes(log, argsJson)) return ignored;
      return { kind: 'event', eventName: event.name, eventSignature: event.signature, argsJson };
    }
    return this.#undecodedAs('undecodable');
  }

  #undecodedAs(reason: UndecodedReason): Decoded {
    return this.#undecoded === 'ignored' ? ignored : { kind: 'undecoded', reason };
  }
}

function compileAbi({ abi }: ContractAbi, filter: ReadonlySet<string> | null): Map<CompiledEvent, AbiFragment> {
  const events = abi.filter((fragment) => fragment.type === 'event');
  const compile = (event: AbiFragment): CompiledEvent =>
    filter === null ? sharedEvent(event) : compileEvent(event, filter);
  return new Map(events.map((event) => [compile(event), event]));
}

function withConditions(
  events: readonly CompiledEvent[],
  fragments: ReadonlyMap<CompiledEvent, AbiFragment>,
  where: Where | undefined,
): ReadonlyMap<CompiledEvent, EventConditions | null> {
  if (where === undefined) return new Map(events.map((event) => [event, null]));
  return new Map(
    events.flatMap((event): [CompiledEvent, EventConditions][] => {
      const fragment = fragments.get(event);
      const conditions = fragment === undefined ? null : compileWhere(fragment, where);
      return conditions === null ? [] : [[event, conditions]];
    }),
  );
}

/** Returns the first topics that are asked for; null: each, for an anonymous event may have any. */
function askedTopics(events: Iterable<CompiledEvent>): ReadonlySet<string> | null {
  const topics = new Set<string>();
  for (const { topic0 } of events) {
    if (topic0 === null) return null;
    topics.add(topic0);
  }
  return topics;
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
