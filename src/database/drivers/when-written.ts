import type { Writable } from 'node:stream';

/** Calls `sent` once all that was written to a stream has been taken by the system, or at once where it has. */
export function whenWritten(stream: Writable, sent: () => void): void {
  if (stream.writableNeedDrain) stream.once('drain', sent);
  else sent();
}
