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
