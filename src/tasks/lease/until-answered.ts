import type { Clock } from '../../runtime/clock.js';
import { DatabaseUnreachableError } from '../../runtime/errors.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import { retry } from '../../runtime/retry.js';

export interface AnswerOptions {
  readonly clock: Clock;
  /** The longest pause between two tries. */
  readonly heartbeatIntervalSeconds: number;
  /** Aborted when the process shall end soon: then an absent database is waited for only briefly. */
  readonly stopping: AbortSignal;
}

/** How long a process that was told to stop waits for a database that is away, in milliseconds. */
export const patienceMs = 3_000;

/** The first pause, in milliseconds. */
const firstRetryMs = 100;

/**
 * Does something on the database, again and again until it answers: for what must not be left half known by a process that lives
 * on. Throws `trouble` where the database stays away while the process shall stop.
 */
export function untilAnswered<T>(options: AnswerOptions, trouble: Error, work: () => Promise<T>): Promise<T> {
  const { clock, heartbeatIntervalSeconds, stopping: after } = options;
  const maxMs = heartbeatIntervalSeconds * 1_000;
  const backoff = { firstMs: Math.min(firstRetryMs, maxMs), maxMs };
  const isRetryable = (error: unknown): boolean => error instanceof DatabaseUnreachableError;
  return giveUpLater({ clock, after, delayMs: patienceMs, reason: () => trouble }, (givenUp) =>
    retry(work, { clock, backoff, attempts: Infinity, isRetryable, signal: givenUp() }),
  );
}
