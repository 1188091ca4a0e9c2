import { eventFields } from '../../model/event-fields.js';
import { eventToJson } from '../../model/event-json.js';
import type { EventOrigin } from '../../model/event-origin.js';
import type { StoredEvent } from '../../model/stored-event.js';
import { csvWriter } from '../../runtime/rows/csv.js';
import { jsonlWriter } from '../../runtime/rows/jsonl.js';
import type { ByteTarget, Column, RowWriter } from '../../runtime/rows/row-writer.js';

export type ExportFormat = 'jsonl' | 'csv' | 'parquet';

/** Makes the writer of a format; in those with columns the arguments are one of JSON text. */
export async function createEventWriter(
  format: ExportFormat,
  target: ByteTarget,
  origin: EventOrigin,
): Promise<RowWriter<StoredEvent>> {
  switch (format) {
    case 'jsonl':
      return jsonlWriter(target, (event) => eventToJson(event, origin));
    case 'csv':
      return csvWriter(target, columnsOf(origin));
    case 'parquet':
      return new (await import('../../runtime/rows/parquet.js')).ParquetRowWriter(target, columnsOf(origin), 'event');
  }
}

function columnsOf(origin: EventOrigin): readonly Column<StoredEvent>[] {
  return eventFields.map(({ name, type, of }) => ({
    ...{ name, type, nullable: type === 'time' },
    of: (event) => of(event, origin),
  }));
}
