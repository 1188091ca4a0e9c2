import type { Clock } from './clock.js';
import { Scope } from './scope.js';

/** Says whether work goes on for longer than some time, in milliseconds; false as soon as it is over, or `signal` is aborted. */
export async function isLate(clock: Clock, work: Promise<unknown>, ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms === Number.POSITIVE_INFINITY) return false;
  const scope = new Scope(signal);
  const late = clock.sleep(ms, scope.signal).then(
    () => true,
    () => false,
  );
  const done = work.then(
    () => false,
    () => false,
  );
  return Promise.race([done, late]).finally(() => scope.end());
}
