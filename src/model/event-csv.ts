import { eventFields } from './event-fields.js';
import type { EventOrigin } from './event-origin.js';
import type { StoredEvent } from './stored-event.js';

const lineEnd = '\r\n';

/** The first line of events as CSV (RFC 4180), with its end. */
export const eventCsvHeader = eventFields.map(({ name }) => name).join(',') + lineEnd;

/** Returns an event as a line of CSV, with its end; the arguments are one cell of JSON. */
export function eventCsvRow(event: StoredEvent, origin: EventOrigin): string {
  return eventFields.map((field) => csvCell(field.of(event, origin))).join(',') + lineEnd;
}

/** Cells that a spreadsheet might take for a formula are quoted, though they stay what they are: data. */
function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]|^[=+\-@]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
