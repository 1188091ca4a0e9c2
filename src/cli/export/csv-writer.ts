import { eventCsvHeader, eventCsvRow } from '../../model/event-csv.js';
import type { EventOrigin } from '../../model/event-origin.js';
import type { StoredEvent } from '../../model/stored-event.js';
import type { EventWriter, ExportTarget } from './event-writer.js';

/** Writes events as CSV with a header row. */
export function csvWriter(target: ExportTarget, origin: EventOrigin): EventWriter {
  let header = eventCsvHeader;
  const write = async (events: readonly StoredEvent[]): Promise<void> => {
    const rows = header + events.map((event) => eventCsvRow(event, origin)).join('');
    header = '';
    if (rows !== '') await target.write(rows);
  };
  return { write, end: () => write([]) };
}
