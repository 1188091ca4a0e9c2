import type { StoredEvent } from '../../model/stored-event.js';

/** Where an event stands among those of its chain. */
export type LogPlace = Pick<StoredEvent, 'blockNumber' | 'logIndex'>;

/** Some events that follow on one another, as they lie in the pipeline's table: all that there were of these kinds. */
export interface StoredStretch {
  /** The first and the last one. */
  readonly from: LogPlace;
  readonly to: LogPlace;
  /** None of them came later; a row that did is another one. */
  readonly version: number;
  readonly count: number;
  readonly kinds: readonly StoredKind[];
}

/** Events of one signature. */
export interface StoredKind {
  readonly eventName: string;
  readonly eventSignature: string;
  readonly count: number;
  /** The contracts that emitted them, each once, in EIP-55. */
  readonly contracts: readonly string[];
}

/** Returns where some events lie, in the order of the chain, of which there is at least one. */
export function stretchOf(events: readonly StoredEvent[], version: number): StoredStretch {
  const kinds = new Map<string, { eventName: string; count: number; contracts: Set<string>; last: string }>();
  for (const { eventSignature, eventName, contractAddress } of events) {
    let kind = kinds.get(eventSignature);
    if (kind === undefined) kinds.set(eventSignature, (kind = { eventName, count: 0, contracts: new Set(), last: '' }));
    kind.count += 1;
    // Most events are of the contract of the one before.
    if (contractAddress !== kind.last) kind.contracts.add((kind.last = contractAddress));
  }
  return {
    from: events[0] as StoredEvent,
    to: events.at(-1) as StoredEvent,
    version,
    count: events.length,
    kinds: [...kinds].map(([eventSignature, { eventName, count, contracts }]) => {
      return { eventSignature, eventName, count, contracts: [...contracts] };
    }),
  };
}
