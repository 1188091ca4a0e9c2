import { eventCsvHeader, eventCsvRow } from '../../model/event-csv.js';
import { eventToJson } from '../../model/event-json.js';
import type { EventOrigin } from '../../model/event-origin.js';
import type { StoredEvent } from '../../model/stored-event.js';
import type { EventWriter, ExportTarget } from './event-writer.js';

export type ExportFormat = 'jsonl' | 'csv' | 'parquet';

/** Makes the writer of a format. */
export async function createEventWriter(
  format: ExportFormat,
  target: ExportTarget,
  origin: EventOrigin,
): Promise<EventWriter> {
  switch (format) {
    case 'jsonl':
      return jsonlWriter(target, origin);
    case 'csv':
      return csvWriter(target, origin);
    case 'parquet':
      return new (await import('./parquet-writer.js')).ParquetEventWriter(target, origin);
  }
}

/** Writes each event as a line of JSON. */
function jsonlWriter(target: ExportTarget, origin: EventOrigin): EventWriter {
  return {
    write: (events) => target.write(events.map((event) => `${eventToJson(event, origin)}\n`).join('')),
    end: () => Promise.resolve(),
  };
}

/** Writes events as CSV with a header row. */
function csvWriter(target: ExportTarget, origin: EventOrigin): EventWriter {
  let header = eventCsvHeader;
  const write = async (events: readonly StoredEvent[]): Promise<void> => {
    const rows = header + events.map((event) => eventCsvRow(event, origin)).join('');
    header = '';
    if (rows !== '') await target.write(rows);
  };
  return { write, end: () => write([]) };
}
