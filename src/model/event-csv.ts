import { csvLine } from '../runtime/rows/csv.js';
import { eventFields } from './event-fields.js';
import type { EventOrigin } from './event-origin.js';
import type { StoredEvent } from './stored-event.js';

/** The first line of events as CSV (RFC 4180), with its end. */
export const eventCsvHeader = csvLine(eventFields.map(({ name }) => name));

/** Returns an event as a line of CSV, with its end; the arguments are one cell of JSON. */
export function eventCsvRow(event: StoredEvent, origin: EventOrigin): string {
  return csvLine(eventFields.map((field) => field.of(event, origin)));
}
