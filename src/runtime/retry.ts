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
export function backoffMs(attempt: number, backoff: Backoff): number {
  const full = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt - 1, 30));
  return full / 2 + (Math.random() * full) / 2;
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** How many times to try in all. */
  readonly attempts: number;
  /** Says whether this failure is worth another try. */
  readonly isRetryable: (error: unknown) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Calls `work` until it succeeds, fails for good, or has been tried `attempts` times; throws its last error. */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= options.attempts || !options.isRetryable(error)) throw error;
      await options.clock.sleep(backoffMs(attempt, options.backoff), options.signal);
    }
  }
}

/**
 * Returns the wait in milliseconds that a header `Retry-After` asks for: seconds, or a date of HTTP, which is held against `now`
 * (milliseconds since 1970); undefined where it says neither.
 */
export function retryAfterMs(value: string | readonly string[] | undefined, now: number): number | undefined {
  const text = String(value ?? '').trim();
  const isDate = / GMT$/.test(text);
  const waitMs = isDate ? Date.parse(text) - now : /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1_000 : NaN;
  return Number.isNaN(waitMs) ? undefined : Math.max(waitMs, 0);
}
