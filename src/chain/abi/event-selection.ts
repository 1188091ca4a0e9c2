import type { UndecodedReason } from '../../model/event.js';
import type { CompiledEvent } from './compile-event.js';

/** The events of one ABI, or of several that apply to the same address, by what a log says about its event. */
export class EventSelection {
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
