import type { Clock } from './clock.js';

export interface Backoff {
  /** The first wait, in milliseconds. */
  readonly firstMs: number;
  /** The longest wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * Returns how long to wait before try number `attempt` (1 is the first retry): exponential, with half of it random
 * ("equal jitter", AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function backoffMs(attempt: number, backoff: Backoff, random: () => number = Math.random): number {
  const full = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt - 1, 30));
  return full / 2 + (random() * full) / 2;
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** How many times to try in all. */
  readonly attempts: number;
  /** Says whether this failure is worth another try. */
  readonly isRetryable: (error: unknown) => boolean;
  /** Says how long to wait at least after this failure, in milliseconds. */
  readonly leastWaitMs?: (error: unknown) => number;
  readonly onRetry?: (error: unknown, attempt: number, waitMs: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Calls `work` until it succeeds, fails for good, or has been tried `attempts` times; throws its last error. */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= options.attempts || !options.isRetryable(error)) throw error;
      const waitMs = Math.max(backoffMs(attempt, options.backoff), options.leastWaitMs?.(error) ?? 0);
      options.onRetry?.(error, attempt, waitMs);
      await options.clock.sleep(waitMs, options.signal);
    }
  }
}
