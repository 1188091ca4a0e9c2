import { isMeant } from '../../model/event-choice.js';
import { near, nearest } from '../../runtime/nearest.js';
import type { EventFields, Remark } from '../seam/component.js';

/** What other programs call the fields of an event. */
const otherNames: Readonly<Record<string, string>> = {
  tx_hash: 'transaction_hash',
  hash: 'transaction_hash',
  tx_index: 'transaction_index',
  address: 'contract_address',
  event: 'event_name',
  name: 'event_name',
  block: 'block_number',
  block_timestamp: 'timestamp',
};

/**
 * Remarks that no event has a key of its fields; null where one of those that are meant has it. `eventName`: null for every
 * event.
 */
export function missingKey(
  key: string,
  eventName: string | null,
  events: readonly EventFields[],
): Pick<Remark, 'message' | 'hint'> | null {
  const meant = events.filter((event) => isMeant(eventName, event));
  if (meant.length === 0 || meant.some((event) => hasKey(event, key))) return null;
  const names = [...new Set(meant.flatMap(({ fields }) => fields.map(({ name }) => name)))];
  const named = nameMeant(key, new Set(names));
  const closest = near(key, names);
  const guess = closest === undefined ? '' : `; the nearest is ${closest}`;
  const tail = named === undefined ? guess : `; the key that is meant is ${named}`;
  return { message: `${key} is no key of the event, and so always absent${tail}` };
}

/** Says whether all events that are meant have a key already; `eventName`: null for every event. */
export function isTaken(key: string, eventName: string | null, events: readonly EventFields[]): boolean {
  const meant = events.filter((event) => isMeant(eventName, event));
  const has = ({ fields, mapped }: EventFields): boolean =>
    (!mapped && key === 'args') || fields.some(({ name }) => name === key && (mapped || !name.startsWith('args.')));
  return meant.length > 0 && meant.every(has);
}

/** Remarks that an event is none of the source's; null where it is. */
export function missingEvent(name: string | null, events: readonly EventFields[]): Pick<Remark, 'message'> | null {
  if (events.some((event) => isMeant(name, event)) || name === null) return null;
  const ofKind = (event: EventFields): string => (name.includes('(') ? event.eventSignature : event.eventName);
  const closest = nearest(name, [...new Set(events.map(ofKind))]);
  return { message: `${name} is no event of the source${closest === undefined ? '' : `; the nearest is ${closest}`}` };
}

function hasKey({ fields, mapped }: EventFields, key: string): boolean {
  if (!mapped && /^args(?![^.[])/.test(key) && fields.every(({ name }) => !name.startsWith('args.'))) return true;
  if (!mapped && key === 'args') return true;
  return fields.some(({ name }) => key === name || key.startsWith(`${name}.`) || key.startsWith(`${name}[`));
}

function nameMeant(key: string, names: ReadonlySet<string>): string | undefined {
  const last = key.replace(/^(event_args|args|event|data|params)\./, '');
  const snake = last.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return [`args.${last}`, last, snake, `args.${snake}`, otherNames[snake] ?? ''].find((name) => names.has(name));
}
