import { eventArguments, eventSignature } from '../../chain/abi/compile-event.js';
import { isAmong } from '../../model/event-choice.js';
import { eventFields } from '../../model/event-fields.js';
import type { AbiFragment } from '../../model/pipeline.js';
import type { EventFields, Field } from '../seam/component.js';
import type { EventMonitorConfig } from './config.js';

/** Returns the fields of the events that are monitored, each event once, whatever ABIs call its arguments. */
export function eventMonitorFields({ contracts, eventsToMonitor }: EventMonitorConfig): readonly EventFields[] {
  const events = contracts.flatMap(({ abi }) => abi.filter(({ type }) => type === 'event').map(fieldsOf));
  const shapes = new Map<string, EventFields[]>();
  for (const event of events.filter((each) => isAmong(eventsToMonitor ?? [], each))) {
    const known = shapes.get(event.eventSignature);
    if (known === undefined) shapes.set(event.eventSignature, [event]);
    else known.push(event);
  }
  return [...shapes.values()].flatMap(joinShapes);
}

function fieldsOf(event: AbiFragment): EventFields {
  const args = eventArguments(event).map((argument): Field => ({ ...argument, name: `args.${argument.name}` }));
  const fields = [...fixedFields, ...args];
  return { eventName: event.name ?? '', eventSignature: eventSignature(event), fields, mapped: false };
}

/** Contracts may emit one event and name its arguments differently: whoever has events below must expect all of the names. */
function joinShapes(events: readonly EventFields[]): readonly EventFields[] {
  const distinct = [...new Map(events.map((event) => [JSON.stringify(event.fields), event])).values()];
  if (distinct.length === 1) return distinct;
  const shapes = distinct.map(({ fields }) => fields);
  return distinct.slice(0, 1).map((event) => ({ ...event, fields: joinFields(shapes.flat()), shapes }));
}

const textTypes: Readonly<Record<string, string>> = {
  contract_address: 'address',
  block_hash: 'hash',
  transaction_hash: 'hash',
};

const fixedFields: readonly Field[] = eventFields
  .filter(({ name }) => name !== 'args')
  .map(({ name, type }) => ({
    name,
    type: type === 'int32' || type === 'int64' ? 'int64' : (textTypes[name] ?? 'text'),
  }));

/** Of several fields with one name makes one that holds what each of them does; the first one says where it stands. */
function joinFields(fields: readonly Field[]): readonly Field[] {
  const joined = new Map<string, Field>();
  for (const field of fields) {
    const known = joined.get(field.name);
    joined.set(field.name, known === undefined ? field : joinTwo(known, field));
  }
  return [...joined.values()];
}

function joinTwo({ name, type, members = [] }: Field, other: Field): Field {
  if (type !== other.type) return { name, type: joinTypes(type, other.type) };
  const all = joinFields([...members, ...(other.members ?? [])]);
  return { name, type, ...(all.length === 0 ? {} : { members: all }) };
}

/** The narrowest integer that holds both, else a text. */
function joinTypes(a: string, b: string): string {
  const [one, other] = [integerOf(a), integerOf(b)];
  if (one === null || other === null) return 'text';
  if (one.isSigned === other.isSigned) return one.bits > other.bits ? a : b;
  // What has a sign has a bit less for the amount.
  const bits = Math.max(...[one, other].map((each) => (each.isSigned ? each.bits : each.bits + 8)));
  return bits > 256 ? 'text' : `int${bits}`;
}

function integerOf(type: string): { readonly isSigned: boolean; readonly bits: number } | null {
  const [, unsigned, bits] = /^(u?)int(\d+)$/.exec(type) ?? [];
  return bits === undefined ? null : { isSigned: unsigned === '', bits: Number(bits) };
}
