import type { Clock } from './clock.js';
import { Scope } from './scope.js';

/** How long something is waited for. */
export interface Wait {
  readonly clock: Clock;
  /** In milliseconds. */
  readonly ms: number;
  /** Ends the wait earlier. */
  readonly signal?: AbortSignal;
}

/** The end of a wait. */
export interface Deadline {
  /** Resolves when the time is over, the signal is aborted, or it is called off; never rejects. */
  readonly over: Promise<null>;
  readonly callOff: () => void;
}

/** Begins to count down. */
export function beginWait({ clock, ms, signal }: Wait): Deadline {
  const scope = signal === undefined ? new Scope() : new Scope(signal);
  const over = clock.sleep(ms, scope.signal).then(
    () => null,
    () => null,
  );
  return { over, callOff: () => scope.end() };
}

/** Waits for `work`, but no longer than some time, or than until a signal is aborted: then null. */
export async function waitAtMost<T>(work: Promise<T>, wait: Wait): Promise<T | null> {
  const { over, callOff } = beginWait(wait);
  return Promise.race([work, over]).finally(callOff);
}
