import { eventArguments, eventSignature } from '../../chain/abi/compile-event.js';
import { isAmong } from '../../model/event-choice.js';
import { eventFields } from '../../model/event-fields.js';
import type { AbiFragment } from '../../model/pipeline.js';
import type { EventFields, Field } from '../seam/component.js';
import type { EventMonitorConfig } from './config.js';

/** Returns the fields of the events that are monitored, each event once. */
export function eventMonitorFields({ contracts, eventsToMonitor }: EventMonitorConfig): readonly EventFields[] {
  const events = contracts.flatMap(({ abi }) => abi.filter(({ type }) => type === 'event').map(fieldsOf));
  const wanted = events.filter((event) => isAmong(eventsToMonitor ?? [], event));
  return [...new Map(wanted.map((event) => [event.eventSignature, event])).values()];
}

function fieldsOf(event: AbiFragment): EventFields {
  const args = eventArguments(event).map((argument): Field => ({ ...argument, name: `args.${argument.name}` }));
  const fields = [...fixedFields, ...args];
  return { eventName: event.name ?? '', eventSignature: eventSignature(event), fields, mapped: false };
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
