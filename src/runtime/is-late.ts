import type { Clock } from './clock.js';
import { waitAtMost } from './wait-at-most.js';

/** Says whether work goes on for longer than some time, in milliseconds; false as soon as it is over, or `signal` is aborted. */
export async function isLate(clock: Clock, work: Promise<unknown>, ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms === Number.POSITIVE_INFINITY) return false;
  const done = work.then(
    () => true,
    () => true,
  );
  return (await waitAtMost(done, { clock, ms, signal })) === null && !signal.aborted;
}
