import type { Clock } from './clock.js';

export interface GiveUpOptions {
  readonly clock: Clock;
  /** What the wait begins with. */
  readonly after: AbortSignal;
  readonly delayMs: number;
  /** Makes the error that is thrown then. */
  readonly reason: () => Error;
}

/**
 * Waits for some work, but only for a while once `after` is aborted. The work can listen to `givenUp`; what does not,
 * such as a statement that a frozen server holds, goes on alone.
 */
export async function giveUpLater<T>(options: GiveUpOptions, work: (givenUp: AbortSignal) => Promise<T>): Promise<T> {
  const done = new AbortController();
  const givenUp = abortLater(options, done.signal);
  const aborted = new Promise<never>((_resolve, reject) => {
    givenUp.addEventListener('abort', () => reject(givenUp.reason as Error), { once: true });
  });
  const working = work(givenUp);
  // Nobody may listen to it any more when it fails.
  working.catch(() => undefined);
  try {
    return await Promise.race([working, aborted]);
  } finally {
    done.abort();
  }
}

/** Returns a signal that is aborted some time after `after` was, unless `done` is before. */
export function abortLater({ clock, after, delayMs, reason }: GiveUpOptions, done: AbortSignal): AbortSignal {
  const later = new AbortController();
  const begin = (): void => {
    clock.sleep(delayMs, done).then(
      () => later.abort(reason()),
      () => undefined,
    );
  };
  // What it waits for may be over already.
  if (after.aborted) begin();
  else after.addEventListener('abort', begin, { once: true, signal: done });
  return later.signal;
}
