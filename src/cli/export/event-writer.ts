import type { EventOrigin } from '../../model/event-origin.js';
import type { StoredEvent } from '../../model/stored-event.js';

/** Where an export's bytes go; each call resolves when there is room for more. */
export interface ExportTarget {
  write(chunk: string | Uint8Array): Promise<void>;
}

/** Writes events in some format to a target. */
export interface EventWriter {
  write(events: readonly StoredEvent[]): Promise<void>;
  /** Writes what the format has behind its last event. */
  end(): Promise<void>;
}

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
