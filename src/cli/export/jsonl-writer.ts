import { eventToJson } from '../../model/event-json.js';
import type { EventOrigin } from '../../model/event-origin.js';
import type { EventWriter, ExportTarget } from './event-writer.js';

/** Writes each event as a line of JSON. */
export function jsonlWriter(target: ExportTarget, origin: EventOrigin): EventWriter {
  return {
    write: (events) => target.write(events.map((event) => `${eventToJson(event, origin)}\n`).join('')),
    end: () => Promise.resolve(),
  };
}
