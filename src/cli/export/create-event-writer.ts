import type { EventOrigin } from '../../model/event-origin.js';
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
      return (await import('./jsonl-writer.js')).jsonlWriter(target, origin);
    case 'csv':
      return (await import('./csv-writer.js')).csvWriter(target, origin);
    case 'parquet':
      return new (await import('./parquet-writer.js')).ParquetEventWriter(target, origin);
  }
}
