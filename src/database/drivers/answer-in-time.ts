import type { Clock } from '../../runtime/clock.js';
import { DatabaseUnreachableError } from '../../runtime/errors.js';

/** One for all: to make an error for each statement, with its stack, is a quarter of what the wait costs. */
const answered = new Error('no longer waited for');

/** How long a server is waited for, and what then becomes of the connection. */
export interface Patience {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Drops the connection on which the server stays silent. */
  readonly drop: () => void;
}

/** Waits for a server, but not for ever; throws DatabaseUnreachableError where it stays silent. */
export async function answerInTime<T>(work: Promise<T>, { clock, timeoutMs, drop }: Patience): Promise<T> {
  const done = new AbortController();
  const silence = clock.sleep(timeoutMs, done.signal).then(
    () => {
      drop();
      throw new DatabaseUnreachableError(`the database did not answer within ${timeoutMs / 1000} s`);
    },
    // Not silent: the work has ended first, and with it this wait.
    () => work,
  );
  // The loser of the race may still fail later, when nobody listens any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, silence]);
  } finally {
    done.abort(answered);
    silence.catch(() => undefined);
  }
}
