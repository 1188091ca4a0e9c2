import type { Clock } from './clock.js';

const waited = new Error('the wait is over');

/** How long something is waited for. */
export interface Wait {
  readonly clock: Clock;
  /** In milliseconds. */
  readonly ms: number;
  /** Ends the wait earlier. */
  readonly signal?: AbortSignal;
}

/** Waits for `work`, but no longer than some time, or than until a signal is aborted: then null. */
export async function waitAtMost<T>(work: Promise<T>, { clock, ms, signal }: Wait): Promise<T | null> {
  const done = new AbortController();
  const over = clock.sleep(ms, signal === undefined ? done.signal : AbortSignal.any([signal, done.signal])).then(
    () => null,
    () => null,
  );
  return Promise.race([work, over]).finally(() => done.abort(waited));
}
