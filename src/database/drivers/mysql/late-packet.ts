import { outOfRangeUnless } from './mysql-script.js';

/** Notes the server's clock in the session. */
export const noteClock = 'SET @chainparse_seen = SYSDATE(6)';

/**
 * A statement that fails, and with it what stands behind it in its packet, where the server gets to it later than so
 * many milliseconds after it noted its clock. A server that was frozen executes what it finds in its queue: by then the
 * sender has given it up, or is dead.
 */
export function refuseLate(allowedMs: number): string {
  const deadline = `@chainparse_seen + INTERVAL ${Math.ceil(allowedMs * 1_000)} MICROSECOND`;
  return outOfRangeUnless(`SYSDATE(6) <= ${deadline}`);
}
