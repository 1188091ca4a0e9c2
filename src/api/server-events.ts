/** One server-sent event. */
export interface ServerEvent {
  /** What a client that reconnects sends as Last-Event-ID. */
  readonly id?: string;
  readonly event: string;
  /** JSON, or a text without line breaks. */
  readonly data: string;
}

/** A stream of events; it ends when its client is gone, or by itself. */
export type ServerEvents = AsyncIterable<ServerEvent>;

/** Writes an event as `text/event-stream` has it. */
export function eventText({ id, event, data }: ServerEvent): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\n${lines.join('')}\n`;
}
