import { parseMembers } from '../../chain/abi/abi-type.js';
import { eventSignature } from '../../chain/abi/compile-event.js';
import { conditionsOf } from '../../chain/abi/compile-where.js';
import type { Condition } from '../../chain/abi/compile-where.js';
import { isAmong } from '../../model/event-choice.js';
import type { AbiFragment } from '../../model/pipeline.js';
import type { EventMonitorConfig } from './config.js';

/**
 * Returns what decides which events of a block are stored, and what of their logs: that of two configs is equal as JSON, or not. Not
 * which children a factory has: who reads on finds them anew by another definition, and what is missing of them.
 */
export function selectionOf(config: EventMonitorConfig): unknown {
  const { contracts, addressFilters, keepUnknown } = config;
  const emitters = contracts.map(({ addresses, abi }) => {
    const events = abi.filter(({ type }) => type === 'event').map((event) => decodedBy(event, config));
    return { addresses: addresses?.toSorted(), events };
  });
  // What is not wanted makes no difference where its logs are not asked for.
  const isAskedForAll = keepUnknown || emitters.some(({ events }) => events.some(isAnyTopic));
  return {
    emitters: emitters.map(({ addresses, events }) => [
      addresses,
      inOrder(events.filter(({ isWanted }) => isWanted || isAskedForAll)),
    ]),
    filters: addressFilters.toSorted(),
    keepUnknown,
  };
}

/** A filter can't name the first topic of what has none. */
function isAnyTopic({ topic0, isWanted }: Decoding): boolean {
  return isWanted && topic0 === null;
}

/** What becomes of the logs of an event. */
interface Decoding {
  /** What the first topic is the hash of; null of an anonymous event. */
  readonly topic0: string | null;
  readonly isWanted: boolean;
  /** Two are equal or not. */
  readonly text: string;
}

function decodedBy(event: AbiFragment, { eventsToMonitor, where = {} }: EventMonitorConfig): Decoding {
  const { name = '', inputs = [], anonymous = false } = event;
  const signature = eventSignature(event);
  const isMonitored = isAmong(eventsToMonitor ?? [], { eventName: name, eventSignature: signature });
  const conditions = isMonitored ? conditionsOf(event, where) : null;
  const members = parseMembers(inputs, `event ${name}: inputs`);
  const args = members.map((member, place) => [member, inputs[place]?.indexed === true]);
  return {
    topic0: anonymous ? null : signature,
    isWanted: conditions !== null,
    text: JSON.stringify([signature, anonymous, args, conditions?.map(conditionText).toSorted()]),
  };
}

/** Values as topics have them: however they are written. */
function conditionText({ place, operator, values }: Condition): string {
  const named = new Set(values.map(({ topic }) => topic));
  return JSON.stringify([place.keys, operator === 'eq' ? 'in' : operator, [...named].toSorted()]);
}

/** An ABI's order counts among events of one first topic alone, of which a log is decoded as the first that it fits. */
function inOrder(events: readonly Decoding[]): readonly string[] {
  const distinct = [...new Map(events.map((event) => [event.text, event])).values()];
  return distinct.toSorted((a, b) => (a.topic0 ?? '').localeCompare(b.topic0 ?? '')).map(({ text }) => text);
}
