import type { EventOrigin } from '../../model/event-origin.js';
import type { StoredEvent } from '../../model/stored-event.js';
import { eventFields } from './event-fields.js';
import type { EventWriter, ExportTarget } from './event-writer.js';

const lineEnd = '\r\n';

/** Writes events as CSV (RFC 4180) with a header row; the arguments are one cell of JSON. */
export function csvWriter(target: ExportTarget, origin: EventOrigin): EventWriter {
  let header = eventFields.map(({ name }) => name).join(',') + lineEnd;
  const write = async (events: readonly StoredEvent[]): Promise<void> => {
    const rows = header + events.map((event) => csvRow(event, origin)).join('');
    header = '';
    if (rows !== '') await target.write(rows);
  };
  return { write, end: () => write([]) };
}

function csvRow(event: StoredEvent, origin: EventOrigin): string {
  return eventFields.map((field) => csvCell(field.of(event, origin))).join(',') + lineEnd;
}

/** Cells that a spreadsheet might take for a formula are quoted, though they stay what they are: data. */
function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]|^[=+\-@]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
